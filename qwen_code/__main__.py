"""`python -m qwen_code`."""

from qwen_code.cli.entry import main

if __name__ == "__main__":
    main()
