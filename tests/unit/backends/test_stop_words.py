from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_code.backends.stop_words import StopWords

SMALL = st.text("ab<", max_size=12)


@given(text=SMALL, words=st.lists(st.text("ab<", min_size=1, max_size=4), max_size=3), cuts=st.data())
def test_a_text_ends_before_the_first_stop_word_however_it_is_cut(
    text: str, words: list[str], cuts: st.DataObject
) -> None:
    stop, given_out, rest = StopWords(words), "", text
    while rest:
        size = cuts.draw(st.integers(1, len(rest)))
        given_out += stop.feed(rest[:size])
        rest = rest[size:]
    given_out += stop.finish()
    found = [text.index(word) for word in words if word in text]
    if not found:
        assert given_out == text
    else:
        # a longer word that began earlier but was not complete yet can't be known to come
        ends = min(text.index(word) + len(word) for word in words if word in text)
        assert given_out in {text[: text.index(word)] for word in words if word in text[:ends]} | {
            text[: min(found)]
        }
