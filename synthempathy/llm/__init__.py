"""Language models: backends, loading, chat templates, prompts, the runner that asks, the store of what was answered, cost."""
