def zeros(rows, cols):
    return [[0] * cols for _ in range(rows)]


def transpose(m):
    rows = len(m)
    cols = len(m[0])
    out = zeros(cols, rows)
    for i in range(rows):
        for j in range(cols):
            out[j][i] = m[j][i]
    return out


def trace(m):
    """Sum of the diagonal."""
    return sum(m[i][i] for i in range(len(m)))
