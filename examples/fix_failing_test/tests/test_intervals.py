import pytest

from opening_hours import Interval, merge, total_minutes


def test_parse_reads_hours_and_minutes():
    assert Interval.parse("09:00-17:30") == Interval(540, 1050)


@pytest.mark.parametrize("text", ["17:00-09:00", "10:00-10:00", "10:00-25:00"])
def test_parse_refuses_what_is_no_interval(text):
    with pytest.raises(ValueError):
        Interval.parse(text)


def test_the_end_is_not_part_of_an_interval():
    assert 540 in Interval(540, 600)
    assert 600 not in Interval(540, 600)


def test_overlapping_intervals_become_one():
    assert merge([Interval(540, 700), Interval(600, 800)]) == [Interval(540, 800)]


def test_touching_intervals_become_one():
    assert merge([Interval(540, 600), Interval(600, 660)]) == [Interval(540, 660)]


def test_an_interval_inside_another_disappears():
    assert merge([Interval(540, 900), Interval(600, 660)]) == [Interval(540, 900)]


def test_overlaps_are_counted_once():
    assert total_minutes([Interval(0, 60), Interval(30, 90)]) == 90
