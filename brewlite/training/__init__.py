"""Teaching a ranker: examples, fitting, checkpoints."""
