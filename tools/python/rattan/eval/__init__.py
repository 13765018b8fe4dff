"""What a model says, and how well it predicts, under different attentions: `python -m rattan.eval --help`."""
