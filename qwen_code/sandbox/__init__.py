"""Where commands run, and what they can reach."""
