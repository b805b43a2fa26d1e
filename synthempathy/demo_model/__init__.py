"""The embedded model's own pipeline: a writer of training text, a tokenizer, training, probes."""
