"""The sections of the page, a module for each: what it shows, ready for its template."""
