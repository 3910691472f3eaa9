import pytest

from gradebook.grades import class_average, letter_grade


@pytest.mark.parametrize(
    "score, letter",
    [(95, "A"), (90, "A"), (85, "B"), (80, "B"), (70, "C"), (65, "D"), (12, "F")],
)
def test_letters(score, letter):
    assert letter_grade(score) == letter


def test_average():
    assert class_average([80, 90]) == 85
