"""From the factors of an evidence pattern to an elimination order; no numbers but sizes."""
