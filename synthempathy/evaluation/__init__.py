"""How responses are rated by the domain's rubric: scored, compared before and after fine-tuning."""
