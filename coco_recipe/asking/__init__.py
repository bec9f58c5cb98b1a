"""What a person asks of data and runs: how many, what it looks like, where a row went."""
