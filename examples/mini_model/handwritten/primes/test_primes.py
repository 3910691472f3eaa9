from primes import is_prime, primes_up_to


def test_small_primes():
    assert primes_up_to(20) == [2, 3, 5, 7, 11, 13, 17, 19]


def test_one_is_not_prime():
    assert not is_prime(1)


def test_square_of_prime():
    assert not is_prime(49)
