"""What the corpus looks like in numbers, beside the paper's."""
