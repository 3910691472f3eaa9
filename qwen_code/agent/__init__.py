"""The agent: ask the model, run its calls, tell what happened, repeat."""
