"""How empathetic responses are: EPITOME's three mechanisms, scored, compared before and after fine-tuning."""
