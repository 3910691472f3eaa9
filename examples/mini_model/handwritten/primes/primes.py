import math


def is_prime(n):
    """True if n has no divisor but 1 and itself."""
    if n < 2:
        return False
    for d in range(2, math.isqrt(n)):
        if n % d == 0:
            return False
    return True


def primes_up_to(limit):
    return [n for n in range(limit + 1) if is_prime(n)]
