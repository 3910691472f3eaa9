import pytest
from converter import c_to_f, f_to_c, is_possible


def test_freezing_point():
    assert c_to_f(0) == 32


def test_boiling_point():
    assert c_to_f(100) == 212


def test_back_again():
    assert f_to_c(212) == pytest.approx(100)


def test_absolute_zero():
    assert is_possible(-273.15)
    assert not is_possible(-300)
