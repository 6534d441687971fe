"""Most probable explanations, loopy beliefs, sampling."""
