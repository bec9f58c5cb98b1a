"""The demo data set, which is drawn."""
