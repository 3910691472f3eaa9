"""The robustness promises under stress. Short by default; `make torture` runs the long form."""
