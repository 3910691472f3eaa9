from password import has_upper, is_strong, long_enough


def test_length():
    assert long_enough("12345678")
    assert not long_enough("1234567")


def test_upper():
    assert has_upper("abC")
    assert not has_upper("abc")


def test_strong_password():
    assert is_strong("Secret123")
