"""The project's own files as a whole: parameters, prompts, dvc.yaml against the code, README, summary."""
