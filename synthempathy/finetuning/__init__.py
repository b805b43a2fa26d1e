"""Fine-tuning: LoRA on a base model, from pairs to an adapter."""
