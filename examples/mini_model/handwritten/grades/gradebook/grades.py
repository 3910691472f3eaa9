def letter_grade(score):
    """A from 90, B from 80, C from 70, D from 60, otherwise F."""
    if score >= 90:
        return "A"
    elif score >= 80:
        return "B"
    elif score > 70:
        return "C"
    elif score >= 60:
        return "D"
    return "F"


def class_average(scores):
    return sum(scores) / len(scores)
