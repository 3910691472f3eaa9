"""Sessions on disk: an append-only log, and what can be done with it."""
