"""The embedded model as an OpenAI-compatible endpoint on loopback."""
