"""Where annotations are in a picture, and what is left of them in another."""
