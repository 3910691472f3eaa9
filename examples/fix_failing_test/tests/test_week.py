import pytest

from opening_hours import Week


@pytest.fixture
def week():
    return Week(mon=["09:00-12:00", "12:00-17:00"], sat=["10:00-14:00"])


def test_open_within_the_hours(week):
    assert week.is_open("sat", "10:00")
    assert not week.is_open("sat", "14:00")


def test_closed_on_days_without_hours(week):
    assert week.describe("sun") == "closed"


def test_a_day_without_a_break_is_one_span(week):
    assert week.describe("mon") == "09:00-17:00"


def test_an_unknown_day_is_refused():
    with pytest.raises(ValueError, match="no such day"):
        Week(someday=["09:00-12:00"])
