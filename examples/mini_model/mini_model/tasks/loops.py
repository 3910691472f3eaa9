"""Tasks about loops."""

from mini_model.tasks.base import function

# fmt: off
T = "loops"
function(T, "sum_to | sum_up_to | total_to | triangle_number", "$n", "Return the sum of 1 to $n, $n included. | 1 + 2 + ... + $n.",
    "    return sum(range(1, $n + 1))", "    $t = 0\n    for i in range(1, $n + 1):\n        $t += i\n    return $t",
    "    return $n * ($n + 1) // 2", calls=lambda g: (g.int(2, 10),))
function(T, "factorial | fact | permutations", "$n", "Return the factorial of $n. | 1 * 2 * ... * $n.",
    "    $t = 1\n    for i in range(2, $n + 1):\n        $t *= i\n    return $t", "    $t = 1\n    for i in range(1, $n + 1):\n        $t = $t * i\n    return $t",
    "    if $n <= 1:\n        return 1\n    return $n * factorial($n - 1)".replace("factorial", "$SELF"), calls=lambda g: (g.int(2, 6),))
function(T, "fibonacci | fib | nth_fibonacci", "$n", "Return the Fibonacci number at $n; it begins with 0 and 1.",
    "    a, b = 0, 1\n    for _ in range($n):\n        a, b = b, a + b\n    return a",
    "    if $n < 2:\n        return $n\n    return $SELF($n - 1) + $SELF($n - 2)", calls=lambda g: (g.int(2, 8),))
function(T, "count_up | numbers_to | one_to", "$n", "Return the numbers from 1 to $n, $n included.",
    "    return list(range(1, $n + 1))", "    $r = []\n    for i in range(1, $n + 1):\n        $r.append(i)\n    return $r", calls=lambda g: (g.int(2, 6),))
function(T, "countdown | count_down | rocket", "$n", "Return the numbers from $n down to 1.",
    "    return list(range($n, 0, -1))", calls=lambda g: (g.int(2, 6),))
function(T, "product_of | multiply_all | product_$Ns", "$xs", "Return the product of the $xs. | Multiply all $xs.",
    "    $t = 1\n    for $x in $xs:\n        $t *= $x\n    return $t", "    $t = 1\n    for $x in $xs:\n        $t = $t * $x\n    return $t", calls=lambda g: (g.distinct(2, 3, 2, 6),))
function(T, "count_even | number_of_even | even_count", "$xs", "Return how many of the $xs are even.",
    "    $t = 0\n    for $x in $xs:\n        if $x % 2 == 0:\n            $t += 1\n    return $t", "    return sum(1 for $x in $xs if $x % 2 == 0)", calls=lambda g: (g.distinct(4, 5),))
function(T, "count_above | how_many_above | number_above", "$xs, $lo", "Return how many of the $xs are greater than $lo.",
    "    $t = 0\n    for $x in $xs:\n        if $x > $lo:\n            $t += 1\n    return $t", "    return len([$x for $x in $xs if $x > $lo])", calls=lambda g: ([1, 4, 6, 9], g.choice(1, 4, 6)))
function(T, "count_of | count_$N | times_seen", "$xs, $x", "Return how often $x is among the $xs.",
    "    $t = 0\n    for other in $xs:\n        if other == $x:\n            $t += 1\n    return $t", "    return $xs.count($x)", calls=lambda g: ([3, 5, 5, 8], g.choice(3, 5, 9)))
function(T, "running_total | cumulative | balances | running_sums", "$xs", "Return the sums of the $xs so far, one for each.",
    "    $t = 0\n    result = []\n    for $x in $xs:\n        $t += $x\n        result.append($t)\n    return result", calls=lambda g: (g.distinct(3, 4),))
function(T, "differences | deltas | changes", "$xs", "Return the difference of each to the one before.",
    "    return [$xs[i] - $xs[i - 1] for i in range(1, len($xs))]",
    "    result = []\n    for i in range(1, len($xs)):\n        result.append($xs[i] - $xs[i - 1])\n    return result", calls=lambda g: (g.distinct(3, 4),))
function(T, "first_even | find_even | first_match", "$xs", "Return the first even one of the $xs, or None.",
    "    for $x in $xs:\n        if $x % 2 == 0:\n            return $x\n    return None", calls=lambda g: (g.choice([1, 4, 6], [2, 3], [3, 5], [7, 8, 10]),))
function(T, "first_above | find_first | first_over", "$xs, $lo", "Return the first of the $xs greater than $lo, or None.",
    "    for $x in $xs:\n        if $x > $lo:\n            return $x\n    return None", calls=lambda g: ([2, 5, 7], g.choice(2, 5, 7, 1)))
function(T, "until_zero | before_zero | take_until", "$xs", "Return the $xs before the first zero.",
    "    $r = []\n    for $x in $xs:\n        if $x == 0:\n            break\n        $r.append($x)\n    return $r", calls=lambda g: (g.choice([1, 2, 0, 3], [4, 0], [5, 6], [7, 0, 0, 8]),))
function(T, "skip_zeros | without_zeros | nonzero", "$xs", "Return the $xs that are not zero.",
    "    $r = []\n    for $x in $xs:\n        if $x == 0:\n            continue\n        $r.append($x)\n    return $r", "    return [$x for $x in $xs if $x != 0]",
    calls=lambda g: (g.choice([1, 2, 0, 3], [4, 0], [5, 6], [7, 0, 0, 8]),))
function(T, "is_prime | prime | only_divisible_by_itself", "$n", "Return True if $n is a prime number.",
    "    if $n < 2:\n        return False\n    for i in range(2, $n):\n        if $n % i == 0:\n            return False\n    return True",
    calls=lambda g: (g.choice(2, 3, 4, 5, 7, 9, 1, 11),))
function(T, "divisors | factors | divisors_of", "$n", "Return all numbers that divide $n, $n included.",
    "    return [i for i in range(1, $n + 1) if $n % i == 0]",
    "    $r = []\n    for i in range(1, $n + 1):\n        if $n % i == 0:\n            $r.append(i)\n    return $r", calls=lambda g: (g.choice(6, 8, 10, 12, 7, 9),))
function(T, "gcd | common_divisor | greatest_common", "a, b", "Return the greatest common divisor of a and b.",
    "    while b:\n        a, b = b, a % b\n    return a", "    while b != 0:\n        a, b = b, a % b\n    return a", calls=lambda g: (g.choice(12, 18, 8), g.choice(8, 6, 30)))
function(T, "steps | digits_count | count_digits", "$n", "Return how many digits $n has.",
    "    count = 0\n    while $n > 0:\n        $n = $n // 10\n        count += 1\n    return count", "    return len(str($n))", calls=lambda g: (g.choice(7, 42, 123, 9999),))
function(T, "years_until | periods_until | months_to_goal", "amount, goal", "Return how many times amount doubles until it reaches goal.",
    "    years = 0\n    while amount < goal:\n        amount *= 2\n        years += 1\n    return years", calls=lambda g: (g.choice(1, 2, 3), g.choice(8, 12, 16)))
function(T, "table | times_table | multiples", "$n, count", "Return the first count multiples of $n.",
    "    return [$n * i for i in range(1, count + 1)]",
    "    result = []\n    for i in range(1, count + 1):\n        result.append(i * $n)\n    return result", calls=lambda g: (g.int(2, 9), g.int(2, 4)))
function(T, "sum_of_squares | square_sum | squares_to", "$n", "Return the sum of the squares of 1 to $n.",
    "    return sum(i * i for i in range(1, $n + 1))", "    $t = 0\n    for i in range(1, $n + 1):\n        $t += i ** 2\n    return $t", calls=lambda g: (g.int(2, 5),))
function(T, "sum_even | even_total | sum_of_even", "$xs", "Return the sum of the even ones among the $xs.",
    "    $t = 0\n    for $x in $xs:\n        if $x % 2 == 0:\n            $t += $x\n    return $t", "    return sum($x for $x in $xs if $x % 2 == 0)", calls=lambda g: (g.distinct(4, 5),))
function(T, "longest_run | best_streak | streak", "$xs", "Return the length of the longest run of True.",
    "    best = current = 0\n    for $x in $xs:\n        if $x:\n            current += 1\n            best = max(best, current)\n        else:\n            current = 0\n    return best",
    calls=lambda g: (g.choice([True, True, False], [False, True], [True, False, True, True], [False]),))
function(T, "pairs_with_sum | has_pair | two_sum", "$xs, target", "Return True if two of the $xs add up to target.",
    "    for i in range(len($xs)):\n        for j in range(i + 1, len($xs)):\n            if $xs[i] + $xs[j] == target:\n                return True\n    return False",
    calls=lambda g: ([1, 4, 6], g.choice(5, 10, 7, 8, 2)))
function(T, "row_sums | sum_rows | totals", "rows", "Return the sum of each row.",
    "    return [sum(row) for row in rows]", "    result = []\n    for row in rows:\n        result.append(sum(row))\n    return result", calls=lambda g: ([g.distinct(2, 2), g.distinct(2, 3)],))
function(T, "transpose | flip_table | columns", "rows", "Return the columns of rows as rows.",
    "    return [list(column) for column in zip(*rows)]", "    return [[row[i] for row in rows] for i in range(len(rows[0]))]", calls=lambda g: ([g.distinct(2, 2), g.distinct(2, 2)],))
function(T, "compound | grow | balance_after | savings", "amount, rate, years", "Return amount after years of growth at rate percent.",
    "    for _ in range(years):\n        amount = amount + amount * rate / 100\n    return amount",
    "    for _ in range(years):\n        amount += amount * rate / 100\n    return amount", calls=lambda g: (g.choice(100, 200, 400), g.choice(10, 50), g.int(1, 2)))
function(T, "binary_search | search_sorted | locate", "$xs, target", "Return the position of target in the sorted $xs, or -1.",
    "    low, high = 0, len($xs) - 1\n    while low <= high:\n        mid = (low + high) // 2\n        if $xs[mid] == target:\n            return mid\n        if $xs[mid] < target:\n            low = mid + 1\n        else:\n            high = mid - 1\n    return -1",
    calls=lambda g: ([1, 3, 5, 7], g.choice(1, 3, 5, 7, 4)))
function(T, "bubble_sort | sort_$Ns | arrange", "$xs", "Return the $xs sorted, smallest first.",
    "    $r = list($xs)\n    for i in range(len($r)):\n        for j in range(len($r) - 1 - i):\n            if $r[j] > $r[j + 1]:\n                $r[j], $r[j + 1] = $r[j + 1], $r[j]\n    return $r",
    calls=lambda g: (g.distinct(3, 4),))
