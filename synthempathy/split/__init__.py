"""Training, validation and test sides of the corpus."""
