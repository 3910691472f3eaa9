"""Tasks about conditions."""

from mini_model.tasks.base import function

# fmt: off
T = "conditions"
function(T, "is_even | even | is_even_$N", "$n", "Return True if $n is even. | Is $n divisible by two?",
    "    return $n % 2 == 0", "    if $n % 2 == 0:\n        return True\n    return False",
    calls=lambda g: (g.int(1, 20),))
function(T, "is_odd | odd | is_odd_$N", "$n", "Return True if $n is odd. | Whether $n is an odd number.",
    "    return $n % 2 == 1", "    return $n % 2 != 0", "    if $n % 2 == 1:\n        return True\n    return False",
    calls=lambda g: (g.int(1, 20),))
function(T, "is_divisible | divides | is_multiple | is_multiple_of", "$a, $b",
    "Return True if $a is divisible by $b. | Whether $b divides $a without remainder.",
    "    return $a % $b == 0", calls=lambda g: (g.int(2, 24), g.int(2, 6)))
function(T, "is_positive | positive | above_zero", "$n", "Return True if $n is greater than zero. | Is $n positive?",
    "    return $n > 0", calls=lambda g: (g.choice(0, 0, g.int(1, 9), -g.int(1, 9)),))
function(T, "is_negative | negative | below_zero", "$n", "Return True if $n is less than zero. | Is $n negative?",
    "    return $n < 0", calls=lambda g: (g.choice(0, 0, g.int(1, 9), -g.int(1, 9)),))
function(T, "is_adult | is_old_enough | can_vote | may_enter | is_allowed", "age",
    "Return True if age is at least $K. | From $K years on. | $K or older.",
    "    return age >= $K", "    if age >= $K:\n        return True\n    return False", "    if age < $K:\n        return False\n    return True",
    calls=lambda g: (g.near(g.k("K")),))
function(T, "is_cheap | is_small | is_light | fits | is_short", "$n",
    "Return True if $n is at most $K. | $K or less. | Whether $n is not more than $K.",
    "    return $n <= $K", "    if $n > $K:\n        return False\n    return True",
    calls=lambda g: (g.near(g.k("K")),))
function(T, "is_more | is_large | exceeds | is_expensive | too_many", "$n",
    "Return True if $n is more than $K. | Whether $n is above $K.",
    "    return $n > $K", "    if $n > $K:\n        return True\n    return False",
    calls=lambda g: (g.near(g.k("K")),))
function(T, "is_bigger | is_greater | beats | is_later | outranks", "$a, $b",
    "Return True if $a is greater than $b. | Is $a more than $b?",
    "    return $a > $b", calls=lambda g: (g.int(1, 6), g.int(1, 6)))
function(T, "is_less | is_smaller | comes_before | is_cheaper", "$a, $b",
    "Return True if $a is less than $b. | Is $a below $b?",
    "    return $a < $b", calls=lambda g: (g.int(1, 6), g.int(1, 6)))
function(T, "same | is_equal | equal_${Ns} | matches", "$a, $b", "Return True if $a and $b are equal. | Are both the same?",
    "    return $a == $b", calls=lambda g: (g.int(1, 3), g.int(1, 3)))
function(T, "in_range | is_between | is_valid_$N | within", "$n, $lo, $hi",
    "Return True if $n is between $lo and $hi, both included. | $lo <= $n <= $hi",
    "    return $lo <= $n <= $hi", "    return $n >= $lo and $n <= $hi", "    if $n < $lo or $n > $hi:\n        return False\n    return True",
    calls=lambda g: (g.choice(3, 3, 9, 9, g.int(1, 12)), 3, 9))
function(T, "both | both_true | all_set | can_start", "$a, $b", "Return True if both $a and $b are true. | $a and $b",
    "    return $a and $b", calls=lambda g: (g.choice(True, False), g.choice(True, False)))
function(T, "either | any_true | is_free | can_skip", "$a, $b", "Return True if $a or $b is true. | At least one of them.",
    "    return $a or $b", calls=lambda g: (g.choice(True, False), g.choice(True, False)))
function(T, "is_weekend | is_free_day", "day", "Return True on saturday and sunday.",
    "    return day == 'sat' or day == 'sun'", "    return day in ('sat', 'sun')",
    calls=lambda g: (g.choice("sat", "sun", "mon", "fri"),))
function(T, "maximum | larger | max_of_two | bigger_$N | best_of", "$a, $b",
    "Return the larger of $a and $b. | The greater one of two. | The maximum of both.",
    "    if $a > $b:\n        return $a\n    return $b", "    return max($a, $b)", "    return $a if $a > $b else $b",
    "    if $a > $b:\n        return $a\n    else:\n        return $b",
    calls=lambda g: tuple(g.distinct(2, 2)))
function(T, "minimum | smaller | min_of_two | lower_$N | cheapest_of", "$a, $b",
    "Return the smaller of $a and $b. | The lesser one of two. | The minimum of both.",
    "    if $a < $b:\n        return $a\n    return $b", "    return min($a, $b)", "    return $a if $a < $b else $b",
    calls=lambda g: tuple(g.distinct(2, 2)))
function(T, "absolute | magnitude | abs_$N | without_sign", "$n", "Return $n without its sign. | The absolute value of $n.",
    "    if $n < 0:\n        return -$n\n    return $n", "    return abs($n)",
    calls=lambda g: (g.choice(g.int(1, 20), -g.int(1, 20)),))
function(T, "sign | sign_of | direction", "$n", "Return 1, 0 or -1 for the sign of $n.",
    "    if $n > 0:\n        return 1\n    if $n < 0:\n        return -1\n    return 0",
    "    if $n == 0:\n        return 0\n    return 1 if $n > 0 else -1",
    calls=lambda g: (g.choice(0, g.int(1, 9), -g.int(1, 9)),))
function(T, "clamp | limit_$N | clip | keep_within", "$n, $lo, $hi",
    "Return $n, but at least $lo and at most $hi. | Keep $n between $lo and $hi.",
    "    if $n < $lo:\n        return $lo\n    if $n > $hi:\n        return $hi\n    return $n",
    "    return max($lo, min($n, $hi))", "    return min(max($n, $lo), $hi)",
    calls=lambda g: (g.int(-3, 15), 2, 9))
function(T, "grade | ${N}_grade | rating | level", "score",
    "Return 'A' from 90, 'B' from 80, 'C' from 70, else 'F'. | The grade for a score.",
    "    if score >= 90:\n        return 'A'\n    if score >= 80:\n        return 'B'\n    if score >= 70:\n        return 'C'\n    return 'F'",
    "    if score >= 90:\n        return 'A'\n    elif score >= 80:\n        return 'B'\n    elif score >= 70:\n        return 'C'\n    else:\n        return 'F'",
    calls=lambda g: (g.choice(90, 95, 80, 85, 70, 75, 89, 79, 69, 50),))
function(T, "is_leap_year | is_leap | leap", "year", "Return True if year is a leap year. | Leap years have 366 days.",
    "    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)",
    "    if year % 400 == 0:\n        return True\n    if year % 100 == 0:\n        return False\n    return year % 4 == 0",
    calls=lambda g: (g.choice(2000, 1900, 2024, 2023, 2100, 1996, 2001),))
function(T, "shipping | shipping_cost | delivery_fee | ${N}_fee", "$n",
    "Return 0 from $K on, else 5. | Orders of at least $K are free, others cost 5.",
    "    if $n >= $K:\n        return 0\n    return 5", "    return 0 if $n >= $K else 5",
    calls=lambda g: (g.near(g.k("K")),))
function(T, "fizz | fizzbuzz | say", "$n", "Return 'fizzbuzz', 'fizz', 'buzz' or the number. | Fizz for 3, buzz for 5.",
    "    if $n % 15 == 0:\n        return 'fizzbuzz'\n    if $n % 3 == 0:\n        return 'fizz'\n    if $n % 5 == 0:\n        return 'buzz'\n    return str($n)",
    calls=lambda g: (g.choice(3, 5, 15, 9, 10, 30, 7),))
function(T, "is_empty | nothing_left | has_no_${Ns}", "$xs", "Return True if there are no $xs. | Whether $xs is empty.",
    "    return len($xs) == 0", "    return not $xs", calls=lambda g: (g.choice([], g.ints(1, 3)),))
function(T, "has_$N | contains | is_member | knows", "$xs, $x", "Return True if $x is in $xs. | Whether $xs contains $x.",
    "    return $x in $xs", "    for other in $xs:\n        if other == $x:\n            return True\n    return False",
    calls=lambda g: ([3, 5, 8], g.choice(3, 5, 8, 4, 9)))
function(T, "is_missing | lacks | is_new", "$xs, $x", "Return True if $x is not in $xs. | Whether $xs lacks $x.",
    "    return $x not in $xs", calls=lambda g: ([3, 5, 8], g.choice(3, 5, 8, 4, 9)))
function(T, "default_$N | or_default | value_or", "$v, fallback", "Return $v, or fallback if it is None. | Use fallback only for None.",
    "    if $v is None:\n        return fallback\n    return $v", "    return fallback if $v is None else $v",
    "    if $v is not None:\n        return $v\n    return fallback",
    calls=lambda g: (g.choice(None, g.int(1, 9)), g.int(10, 19)))
function(T, "can_afford | has_enough | enough_$N", "money, price", "Return True if money is enough for price. | Can price be paid from money?",
    "    return money >= price", "    if money < price:\n        return False\n    return True",
    calls=lambda g: (g.choice(7, 7, g.int(3, 12)), 7))
function(T, "overlaps | ranges_overlap | collide", "start, end, other_start, other_end",
    "Return True if the two ranges overlap. | Whether both spans have something in common.",
    "    return start < other_end and other_start < end",
    calls=lambda g: g.choice((1, 5, 3, 8), (1, 3, 5, 8), (5, 8, 1, 3), (1, 5, 5, 8), (4, 6, 2, 9)))
function(T, "is_triangle | valid_triangle", "a, b, c", "Return True if three sides make a triangle.",
    "    return a + b > c and a + c > b and b + c > a",
    calls=lambda g: g.choice((3, 4, 5), (1, 2, 3), (1, 5, 2), (5, 1, 2), (2, 2, 3), (1, 2, 5)))
function(T, "age_group | ${N}_group | ticket_kind", "age", "Return 'child' below 13, 'teen' below 20, else 'adult'.",
    "    if age < 13:\n        return 'child'\n    if age < 20:\n        return 'teen'\n    return 'adult'",
    "    if age < 13:\n        return 'child'\n    elif age < 20:\n        return 'teen'\n    return 'adult'",
    calls=lambda g: (g.choice(12, 13, 19, 20, 5, 15, 40),))
