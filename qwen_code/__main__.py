"""`python -m qwen_code`."""

import sys

# The directory that one stands in comes first on the path of `python -m`: a project's own `json.py` would be
# imported in place of Python's. This package is found already.
if not sys.flags.safe_path:
    del sys.path[0]

from qwen_code.cli.entry import main

if __name__ == "__main__":
    main()
