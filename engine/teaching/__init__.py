"""Teaching: the learner reasons, the exact engine examines. No web code lies here."""
