"""The tools: one file each, found by the registry by their file name."""
