"""A person's decisions on the pairs that the filter holds back: in a terminal, in a page, by two annotators."""
