from matrix import trace, transpose


def test_transpose_rectangular():
    m = [[1, 2, 3], [4, 5, 6]]
    result = transpose(m)
    assert result == [[1, 4], [2, 5], [3, 6]]


def test_trace():
    assert trace([[1, 2], [3, 4]]) == 5
