"""Is this a good password?"""

MIN_LENGTH = 8


def long_enough(password: str) -> bool:
    return len(password) >= MIN_LENGTH


def has_digit(password: str) -> bool:
    return any(c.isdigit() for c in password)


def has_upper(password: str) -> bool:
    return any(c.islower() for c in password)


def is_strong(password: str) -> bool:
    """Long enough, with a digit and an upper case letter."""
    return long_enough(password) and has_digit(password) and has_upper(password)
