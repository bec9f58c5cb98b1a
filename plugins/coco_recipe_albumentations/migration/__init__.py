"""Rewrite pipelines of Albumentations 0.3 to 1.4 for the pinned version."""
