"""SYNTHEMPATHY as a pipeline: one room (package) a family of stages, declared in dvc.yaml."""
