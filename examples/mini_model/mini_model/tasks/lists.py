"""Tasks about lists."""

from mini_model.tasks.base import function

# fmt: off
T = "lists"
function(T, "first | first_$N | head | get_first | front", "$xs", "Return the first of the $xs. | The first element.",
    "    return $xs[0]", "    if not $xs:\n        return None\n    return $xs[0]", calls=lambda g: (g.distinct(),))
function(T, "last | last_$N | tail | get_last | newest | final_$N", "$xs", "Return the last of the $xs. | The last element.",
    "    return $xs[-1]", "    if not $xs:\n        return None\n    return $xs[-1]", "    return $xs[len($xs) - 1]", calls=lambda g: (g.distinct(),))
function(T, "second | second_$N | runner_up", "$xs", "Return the second of the $xs. | The second element.",
    "    return $xs[1]", calls=lambda g: (g.distinct(),))
function(T, "rest | all_but_first | without_first | skip_first", "$xs", "Return all $xs but the first. | Everything after the first.",
    "    return $xs[1:]", calls=lambda g: (g.distinct(),))
function(T, "all_but_last | without_last | drop_last | init", "$xs", "Return all $xs but the last. | Everything before the last.",
    "    return $xs[:-1]", calls=lambda g: (g.distinct(),))
function(T, "take | first_n | top_$Ns | take_first", "$xs, $n", "Return the first $n of the $xs. | Take $n from the start.",
    "    return $xs[:$n]", calls=lambda g: (g.distinct(4, 5), g.int(1, 3)))
function(T, "last_n | take_last | recent_$Ns | newest_$Ns", "$xs, $n", "Return the last $n of the $xs. | Take $n from the end.",
    "    return $xs[-$n:]", calls=lambda g: (g.distinct(4, 5), g.int(1, 3)))
function(T, "drop | skip | skip_first_$Ns", "$xs, $n", "Return the $xs without the first $n. | Leave out $n at the start.",
    "    return $xs[$n:]", calls=lambda g: (g.distinct(4, 5), g.int(1, 3)))
function(T, "largest | maximum | highest_$N | biggest | top_$N | max_$N", "$xs", "Return the largest of the $xs. | The highest $x.",
    "    return max($xs)", "    $best = $xs[0]\n    for $x in $xs:\n        if $x > $best:\n            $best = $x\n    return $best",
    "    return sorted($xs)[-1]", calls=lambda g: (g.distinct(),))
function(T, "smallest | minimum | lowest_$N | cheapest | min_$N", "$xs", "Return the smallest of the $xs. | The lowest $x.",
    "    return min($xs)", "    $best = $xs[0]\n    for $x in $xs:\n        if $x < $best:\n            $best = $x\n    return $best",
    "    return sorted($xs)[0]", calls=lambda g: (g.distinct(),))
function(T, "count | count_$Ns | number_of_$Ns | how_many", "$xs", "Return how many $xs there are. | The number of $xs.",
    "    return len($xs)", "    $t = 0\n    for $x in $xs:\n        $t += 1\n    return $t", calls=lambda g: (g.distinct(),))
function(T, "total | sum_$Ns | total_$Ns | add_up | sum_all", "$xs", "Return the sum of the $xs. | Add up all $xs.",
    "    return sum($xs)", "    $t = 0\n    for $x in $xs:\n        $t += $x\n    return $t",
    "    $t = 0\n    for $x in $xs:\n        $t = $t + $x\n    return $t", calls=lambda g: (g.distinct(),))
function(T, "average | mean | average_$N | mean_$N", "$xs", "Return the average of the $xs. | The mean $x.",
    "    return sum($xs) / len($xs)", "    if not $xs:\n        return 0\n    return sum($xs) / len($xs)",
    "    $t = 0\n    for $x in $xs:\n        $t += $x\n    return $t / len($xs)", "    if len($xs) == 0:\n        return 0\n    $t = sum($xs)\n    return $t / len($xs)",
    calls=lambda g: (g.choice([2, 4], [1, 2, 3], [4, 8, 6, 2], [10, 20], [3, 5]),))
function(T, "median | middle_$N | median_$N", "$xs", "Return the middle one of the sorted $xs.",
    "    return sorted($xs)[len($xs) // 2]", "    ordered = sorted($xs)\n    $m = len(ordered) // 2\n    return ordered[$m]",
    calls=lambda g: (g.distinct(3, 3) if g.int(0, 1) else g.distinct(5, 5),))
function(T, "spread | value_range | $N_range | span", "$xs", "Return the difference between the largest and the smallest.",
    "    return max($xs) - min($xs)", calls=lambda g: (g.distinct(),))
function(T, "ordered | sort_$Ns | ascending | sorted_$Ns", "$xs", "Return the $xs in ascending order. | Smallest first.",
    "    return sorted($xs)", calls=lambda g: (g.distinct(),))
function(T, "descending | ranking | highest_first | by_size", "$xs", "Return the $xs in descending order. | Largest first.",
    "    return sorted($xs, reverse=True)", calls=lambda g: (g.distinct(),))
function(T, "reverse | reversed_$Ns | backwards | newest_first", "$xs", "Return the $xs in reverse order. | The last comes first.",
    "    return $xs[::-1]", "    return list(reversed($xs))", calls=lambda g: (g.distinct(),))
function(T, "evens | even_$Ns | only_even", "$xs", "Return the even ones of the $xs. | Keep only even $xs.",
    "    return [$x for $x in $xs if $x % 2 == 0]",
    "    $r = []\n    for $x in $xs:\n        if $x % 2 == 0:\n            $r.append($x)\n    return $r", calls=lambda g: (g.distinct(4, 5),))
function(T, "odds | odd_$Ns | only_odd", "$xs", "Return the odd ones of the $xs. | Keep only odd $xs.",
    "    return [$x for $x in $xs if $x % 2 == 1]",
    "    $r = []\n    for $x in $xs:\n        if $x % 2 != 0:\n            $r.append($x)\n    return $r", calls=lambda g: (g.distinct(4, 5),))
function(T, "positive_$Ns | positives | only_positive | gains", "$xs", "Return the $xs that are greater than zero.",
    "    return [$x for $x in $xs if $x > 0]",
    "    $r = []\n    for $x in $xs:\n        if $x > 0:\n            $r.append($x)\n    return $r",
    calls=lambda g: (g.choice([1, -2, 3], [0, 4, -1], [-3, 0, 5, 6], [2, 0]),))
function(T, "above | larger_than | $Ns_above | over_limit", "$xs, $lo", "Return the $xs greater than $lo. | Only $xs above $lo.",
    "    return [$x for $x in $xs if $x > $lo]",
    "    $r = []\n    for $x in $xs:\n        if $x > $lo:\n            $r.append($x)\n    return $r", calls=lambda g: ([1, 4, 6, 9], g.choice(4, 6, 1)))
function(T, "at_least | passing | good_$Ns | $Ns_from", "$xs, $lo", "Return the $xs that are at least $lo. | $lo and above.",
    "    return [$x for $x in $xs if $x >= $lo]",
    "    $r = []\n    for $x in $xs:\n        if $x >= $lo:\n            $r.append($x)\n    return $r", calls=lambda g: ([1, 4, 6, 9], g.choice(4, 6, 9)))
function(T, "below | smaller_than | cheap_$Ns | under_limit", "$xs, $hi", "Return the $xs less than $hi. | Only $xs below $hi.",
    "    return [$x for $x in $xs if $x < $hi]",
    "    $r = []\n    for $x in $xs:\n        if $x < $hi:\n            $r.append($x)\n    return $r", calls=lambda g: ([1, 4, 6, 9], g.choice(4, 6, 9)))
function(T, "doubled | double_all | doubled_$Ns | twice_each", "$xs", "Return each of the $xs times two. | Double all $xs.",
    "    return [$x * 2 for $x in $xs]", "    $r = []\n    for $x in $xs:\n        $r.append($x * 2)\n    return $r", calls=lambda g: (g.distinct(),))
function(T, "squares | squared | square_all", "$xs", "Return the squares of the $xs. | Square each of them.",
    "    return [$x * $x for $x in $xs]", "    return [$x ** 2 for $x in $xs]", calls=lambda g: (g.distinct(),))
function(T, "raised | add_to_all | shifted | increase_all", "$xs, $n", "Return each of the $xs plus $n. | Add $n to all $xs.",
    "    return [$x + $n for $x in $xs]", "    $r = []\n    for $x in $xs:\n        $r.append($x + $n)\n    return $r", calls=lambda g: (g.distinct(), g.int(2, 9)))
function(T, "names | lengths | sizes | word_lengths", "$xs", "Return the length of each of the $xs.",
    "    return [len($x) for $x in $xs]", calls=lambda g: (g.words(),))
function(T, "upper_all | capital_$Ns | shout_all", "$xs", "Return the $xs in upper case.",
    "    return [$x.upper() for $x in $xs]", calls=lambda g: (g.words(),))
function(T, "without | remove_$N | exclude | drop_$N", "$xs, $x", "Return the $xs without $x. | Leave $x out.",
    "    return [other for other in $xs if other != $x]", calls=lambda g: ([3, 5, 8, 5], g.choice(3, 5, 8)))
function(T, "unique | distinct | without_duplicates | unique_$Ns", "$xs", "Return the $xs without duplicates, in order.",
    "    $r = []\n    for $x in $xs:\n        if $x not in $r:\n            $r.append($x)\n    return $r", calls=lambda g: (g.choice([1, 2, 1], [3, 3, 4], [5, 6, 6, 5]),))
function(T, "position | index_of | find_$N | where", "$xs, $x", "Return the position of $x in $xs, or -1.",
    "    for i in range(len($xs)):\n        if $xs[i] == $x:\n            return i\n    return -1",
    "    for i, other in enumerate($xs):\n        if other == $x:\n            return i\n    return -1",
    "    if $x in $xs:\n        return $xs.index($x)\n    return -1", calls=lambda g: ([3, 5, 8], g.choice(3, 5, 8, 9)))
function(T, "appended | with_$N | added | append_$N", "$xs, $x", "Return the $xs with $x at the end.",
    "    return $xs + [$x]", "    return [*$xs, $x]", calls=lambda g: (g.distinct(), g.int(30, 40)))
function(T, "prepended | with_first | put_first", "$xs, $x", "Return the $xs with $x at the start.",
    "    return [$x] + $xs", "    return [$x, *$xs]", calls=lambda g: (g.distinct(), g.int(30, 40)))
function(T, "merge | concat | joined | combined", "$xs, more", "Return the $xs followed by more. | Both lists in one.",
    "    return $xs + more", calls=lambda g: (g.distinct(2, 3), g.distinct(2, 3)))
function(T, "pairs | zipped | combine", "$xs, others", "Return pairs of the $xs and others. | Zip both lists.",
    "    return list(zip($xs, others))", calls=lambda g: (g.distinct(2, 2), g.distinct(2, 2)))
function(T, "flatten | flat | all_$Ns | unpacked", "rows", "Return the elements of all rows in one list.",
    "    return [value for row in rows for value in row]",
    "    result = []\n    for row in rows:\n        for value in row:\n            result.append(value)\n    return result",
    "    result = []\n    for row in rows:\n        result.extend(row)\n    return result", calls=lambda g: ([g.distinct(1, 2), g.distinct(2, 3)],))
function(T, "chunks | batches | groups | in_pages", "$xs, $n", "Return the $xs in lists of $n. | Cut $xs into pieces of $n.",
    "    return [$xs[i:i + $n] for i in range(0, len($xs), $n)]", calls=lambda g: (g.distinct(5, 6), g.int(2, 3)))
function(T, "column | nth_of_each | pick_column", "rows, index", "Return the value at index of each row.",
    "    return [row[index] for row in rows]", calls=lambda g: ([g.distinct(2, 2), g.distinct(2, 2)], g.int(0, 1)))
function(T, "all_positive | all_above_zero | only_gains", "$xs", "Return True if all $xs are greater than zero.",
    "    return all($x > 0 for $x in $xs)", "    for $x in $xs:\n        if $x <= 0:\n            return False\n    return True",
    calls=lambda g: (g.choice([1, 2], [0, 3], [-1, 4], [5], [2, -2]),))
function(T, "any_negative | has_negative | has_losses", "$xs", "Return True if any of the $xs is below zero.",
    "    return any($x < 0 for $x in $xs)", "    for $x in $xs:\n        if $x < 0:\n            return True\n    return False",
    calls=lambda g: (g.choice([1, 2], [0, 3], [-1, 4], [-5], [2, -2]),))
function(T, "is_sorted | in_order | ascends", "$xs", "Return True if the $xs are in ascending order.",
    "    return $xs == sorted($xs)", "    for i in range(len($xs) - 1):\n        if $xs[i] > $xs[i + 1]:\n            return False\n    return True",
    calls=lambda g: (g.choice([1, 2, 3], [3, 1], [1, 1, 2], [2, 5, 4]),))
function(T, "rotate | rotated | shift_left", "$xs", "Return the $xs with the first one moved to the end.",
    "    return $xs[1:] + $xs[:1]", "    return $xs[1:] + [$xs[0]]", calls=lambda g: (g.distinct(),))
function(T, "swap_ends | exchange | swapped", "$xs", "Return the $xs with first and last exchanged.",
    "    $r = list($xs)\n    $r[0], $r[-1] = $r[-1], $r[0]\n    return $r", calls=lambda g: (g.distinct(),))
function(T, "common | shared_$Ns | in_both | intersection", "$xs, others", "Return the $xs that are in others too.",
    "    return [$x for $x in $xs if $x in others]", calls=lambda g: ([1, 2, 3, 4], g.choice([2, 4, 6], [1, 5], [3, 4])))
function(T, "missing | not_in_both | only_in_first | removed_$Ns", "$xs, others", "Return the $xs that are not in others.",
    "    return [$x for $x in $xs if $x not in others]", calls=lambda g: ([1, 2, 3, 4], g.choice([2, 4, 6], [1, 5], [3, 4])))
function(T, "every_other | every_second | alternate", "$xs", "Return every second one of the $xs, from the first.",
    "    return $xs[::2]", calls=lambda g: (g.distinct(4, 5),))
function(T, "top_three | podium | best_three | medals", "$xs", "Return the three largest, largest first.",
    "    return sorted($xs, reverse=True)[:3]", "    ordered = sorted($xs, reverse=True)\n    return ordered[:3]", calls=lambda g: (g.distinct(4, 5),))
function(T, "dot | dot_product | weighted_sum", "$xs, weights", "Return the sum of the products of both lists.",
    "    return sum(x * w for x, w in zip($xs, weights))",
    "    $t = 0\n    for i in range(len($xs)):\n        $t += $xs[i] * weights[i]\n    return $t", calls=lambda g: (g.distinct(2, 2), g.distinct(2, 2)))
function(T, "touching_merged | merge_ranges | merge_spans | join_spans", "spans", "Return the spans in order; those that overlap or touch become one.",
    "    merged = []\n    for start, end in sorted(spans):\n        if merged and start <= merged[-1][1]:\n            merged[-1] = (merged[-1][0], max(merged[-1][1], end))\n        else:\n            merged.append((start, end))\n    return merged",
    "    result = []\n    for span in sorted(spans):\n        if result and span[0] <= result[-1][1]:\n            last = result.pop()\n            span = (last[0], max(last[1], span[1]))\n        result.append(span)\n    return result",
    calls=lambda g: (g.choice([(1, 3), (3, 5)], [(1, 4), (2, 3)], [(1, 2), (4, 5)], [(4, 6), (1, 4)], [(0, 9), (2, 3), (9, 11)]),))
