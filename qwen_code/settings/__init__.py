"""What the user configured: one model, five layers, and where each value came from."""
