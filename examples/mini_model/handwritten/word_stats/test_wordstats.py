import wordstats


def test_words_are_lowercased():
    assert wordstats.words("Hello There") == ["hello", "there"]


def test_most_common_word():
    assert wordstats.most_common("the cat and the dog") == "the"


def test_average_length():
    assert wordstats.average_length("ab abcd") == 3


def test_average_of_nothing():
    assert wordstats.average_length("") == 0
