"""Slash commands: a table, and one function for each."""
