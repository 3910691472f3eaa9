"""Sessions on disk: an append-only log, and what can be done with it."""

LATEST = "latest"
"""Names the session of this project that was used last, wherever a session is named."""
