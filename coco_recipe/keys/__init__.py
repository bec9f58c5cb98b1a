"""What a result depends on: its key, and the modules and libraries behind it."""
