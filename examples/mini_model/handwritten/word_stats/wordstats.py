from collections import Counter


def words(text):
    return text.lower().split()


def most_common(text):
    """The word that occurs most often."""
    counts = Counter(words(text))
    return min(counts, key=counts.get)


def average_length(text):
    ws = words(text)
    if not ws:
        return 0
    return sum(len(w) for w in ws) / len(ws)
