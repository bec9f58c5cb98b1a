"""Checks of picture files and of segmentations."""
