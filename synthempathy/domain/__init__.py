"""What is peculiar to a corpus: one description, read from domains/NAME/domain.yaml. No other code knows what it is about."""
