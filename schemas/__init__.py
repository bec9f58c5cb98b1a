"""JSON Schemas that are shipped as package data."""
