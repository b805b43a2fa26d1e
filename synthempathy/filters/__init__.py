"""What the corpus may hold: rules, the classifier, the guard, and a person's decisions over what they hold back."""
