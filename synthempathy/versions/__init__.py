"""Two versions of the project side by side: scores, prompts, parameters, metrics, and the responses that changed."""
