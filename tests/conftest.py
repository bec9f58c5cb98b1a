"""Fixtures that tests of several folders share."""

from training import shapes, trained

__all__ = ["shapes", "trained"]
