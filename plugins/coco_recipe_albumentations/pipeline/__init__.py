"""Pipelines of Albumentations: read, checked, built, and brought into one form."""
