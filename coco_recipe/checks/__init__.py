"""What is wrong with the rows of an annotation file: kinds of findings, and what finds each."""
