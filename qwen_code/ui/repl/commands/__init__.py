"""Slash commands: one function each, in a module by subject; `table.py` joins the modules.

A module of commands ends with `COMMANDS`, a tuple of `Command`; a new module is one line in `table.py`.
"""
