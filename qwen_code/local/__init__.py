"""The embedded llama.cpp runtime and the planning around it."""
