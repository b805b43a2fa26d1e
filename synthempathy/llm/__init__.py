"""Seeds, stories, explanations and responses: from a stress sentence to a pair."""
