"""The second layer of the filter: a classifier trained on labelled examples."""
