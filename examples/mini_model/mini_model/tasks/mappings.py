"""Tasks about dictionaries and sets."""

from mini_model.tasks.base import function

# fmt: off
T = "dicts"
function(T, "get_$N | lookup | price_of | find_by_name", "$d, $k", "Return the value of $k in $d, or 0. | Look $k up in $d; 0 if it is not there.",
    "    return $d.get($k, 0)", "    if $k in $d:\n        return $d[$k]\n    return 0", calls=lambda g: ({"fig": 3, "tea": 5}, g.choice("fig", "tea", "cup")))
function(T, "total_value | sum_values | grand_total | total_stock", "$d", "Return the sum of all values of $d. | Add up what $d holds.",
    "    return sum($d.values())", "    $t = 0\n    for $v in $d.values():\n        $t += $v\n    return $t",
    "    $t = 0\n    for $k in $d:\n        $t += $d[$k]\n    return $t", calls=lambda g: (g.table(),))
function(T, "names | all_names | keys_of | list_names", "$d", "Return the keys of $d in order. | The sorted names.",
    "    return sorted($d.keys())", "    return sorted($d)", calls=lambda g: (g.table(),))
function(T, "amounts | all_values | values_of | list_prices", "$d", "Return the values of $d as a list.",
    "    return list($d.values())", "    return [$d[$k] for $k in $d]", calls=lambda g: (g.table(),))
function(T, "count_words | frequencies | tally | count_each", "$xs", "Return how often each of the $xs comes.",
    "    $r = {}\n    for $x in $xs:\n        $r[$x] = $r.get($x, 0) + 1\n    return $r",
    "    $r = {}\n    for $x in $xs:\n        if $x not in $r:\n            $r[$x] = 0\n        $r[$x] += 1\n    return $r",
    "    $r = {}\n    for $x in $xs:\n        if $x in $r:\n            $r[$x] += 1\n        else:\n            $r[$x] = 1\n    return $r",
    calls=lambda g: (g.choice(["a", "b", "a"], ["x"], ["c", "c", "c"], ["d", "e", "e", "d"]),))
function(T, "best | winner | most_expensive | top_name | champion", "$d", "Return the key with the largest value.",
    "    return max($d, key=$d.get)", "    return max($d, key=lambda $k: $d[$k])",
    "    best = None\n    for $k, $v in $d.items():\n        if best is None or $v > $d[best]:\n            best = $k\n    return best",
    calls=lambda g: (g.choice({"a": 1, "b": 3}, {"x": 9, "y": 2, "z": 5}, {"p": 4, "q": 7, "r": 6}),))
function(T, "worst | loser | cheapest_name | lowest_name", "$d", "Return the key with the smallest value.",
    "    return min($d, key=$d.get)", "    return min($d, key=lambda $k: $d[$k])", calls=lambda g: (g.choice({"a": 1, "b": 3}, {"x": 9, "y": 2, "z": 5}, {"p": 4, "q": 7, "r": 3}),))
function(T, "invert | swapped | inverse | by_value", "$d", "Return $d with keys and values exchanged.",
    "    return {$v: $k for $k, $v in $d.items()}", "    $r = {}\n    for $k, $v in $d.items():\n        $r[$v] = $k\n    return $r",
    calls=lambda g: (g.choice({"a": 1, "b": 3}, {"x": 9, "y": 2}, {"p": 4}),))
function(T, "expensive | above | keep_large | over_limit", "$d, $lo", "Return the entries of $d above $lo.",
    "    return {$k: $v for $k, $v in $d.items() if $v > $lo}", calls=lambda g: ({"a": 2, "b": 5, "c": 8}, g.choice(2, 5, 4)))
function(T, "doubled | double_values | doubled_prices", "$d", "Return $d with all values doubled.",
    "    return {$k: $v * 2 for $k, $v in $d.items()}", calls=lambda g: (g.table(),))
function(T, "merge | combined | updated | merge_dicts", "$d, other", "Return both in one; other wins.",
    "    $r = dict($d)\n    $r.update(other)\n    return $r", "    return {**$d, **other}", calls=lambda g: ({"a": 1, "b": 2}, g.choice({"b": 5}, {"a": 7, "c": 3})))
function(T, "add_counts | sum_tables | merge_counts", "$d, other", "Return the sums of both, key by key.",
    "    $r = dict($d)\n    for $k, $v in other.items():\n        $r[$k] = $r.get($k, 0) + $v\n    return $r", calls=lambda g: ({"a": 1, "b": 2}, g.choice({"b": 5}, {"a": 7, "c": 3})))
function(T, "group_by_length | by_length | group_words", "$xs", "Return the $xs grouped by their length.",
    "    $r = {}\n    for $x in $xs:\n        $r.setdefault(len($x), []).append($x)\n    return $r",
    "    $r = {}\n    for $x in $xs:\n        size = len($x)\n        if size not in $r:\n            $r[size] = []\n        $r[size].append($x)\n    return $r",
    calls=lambda g: (g.choice(["a", "bb", "c"], ["fig", "tea", "kiwi"]),))
function(T, "order_total | cart_total | bill | sum_order", "order, prices", "Return what the order costs: amount times price, summed.",
    "    return sum(prices[name] * amount for name, amount in order.items())",
    "    total = 0\n    for name, amount in order.items():\n        total += prices[name] * amount\n    return total",
    calls=lambda g: ({"fig": g.int(2, 5), "tea": g.int(2, 5)}, {"fig": 3, "tea": 4, "cup": 9}))
function(T, "has_stock | in_stock | is_available", "$d, $k", "Return True if $k is there and more than zero.",
    "    return $d.get($k, 0) > 0", "    return $k in $d and $d[$k] > 0", calls=lambda g: ({"fig": 3, "tea": 0}, g.choice("fig", "tea", "cup")))
function(T, "missing_keys | required_missing | not_given", "$d, $xs", "Return the $xs that $d does not have.",
    "    return [$x for $x in $xs if $x not in $d]", calls=lambda g: ({"a": 1, "b": 2}, g.choice(["a", "c"], ["b"], ["x", "a", "y"])))
function(T, "average_value | mean_score | average_price", "$d", "Return the average of the values of $d.",
    "    return sum($d.values()) / len($d)", "    if not $d:\n        return 0\n    return sum($d.values()) / len($d)", calls=lambda g: (g.choice({"a": 2, "b": 4}, {"x": 9}, {"p": 1, "q": 2, "r": 6}),))
function(T, "index_by_name | by_id | by_name", "rows", "Return the rows by their name.",
    "    return {row['name']: row for row in rows}", calls=lambda g: ([{"name": "a", "id": 1}, {"name": "b", "id": g.int(2, 5)}],))
function(T, "adults | grown_ups | names_of_adults", "people", "Return the names of all people of $K or older.",
    "    return [person['name'] for person in people if person['age'] >= $K]",
    "    result = []\n    for person in people:\n        if person['age'] >= $K:\n            result.append(person['name'])\n    return result",
    calls=lambda g: ([{"name": "ann", "age": g.near(g.k("K"))}, {"name": "bob", "age": g.near(g.k("K"))}],))
function(T, "common_items | shared | in_both_sets", "left, right", "Return what is in both sets.",
    "    return left & right", calls=lambda g: ({1, 2, 3}, g.choice({2, 3}, {3, 9}, {1, 2})))
function(T, "all_items | union | everything", "left, right", "Return what is in either set.",
    "    return left | right", calls=lambda g: ({1, 2, 3}, g.choice({2, 4}, {3, 9}, {7})))
function(T, "only_left | difference | left_over", "left, right", "Return what is in left and not in right.",
    "    return left - right", calls=lambda g: ({1, 2, 3}, g.choice({2, 4}, {3, 9}, {1, 2})))
function(T, "count_unique | distinct_count | number_of_kinds", "$xs", "Return how many different $xs there are.",
    "    return len(set($xs))", calls=lambda g: (g.choice([1, 1, 2], [3, 3, 3], [4, 5]),))
function(T, "has_duplicates | repeats | any_twice", "$xs", "Return True if any of the $xs comes twice.",
    "    return len(set($xs)) != len($xs)", "    seen = set()\n    for $x in $xs:\n        if $x in seen:\n            return True\n        seen.add($x)\n    return False",
    calls=lambda g: (g.choice([1, 1, 2], [3, 4], [4, 5, 4], [6]),))
function(T, "most_common | favourite | mode", "$xs", "Return the one of the $xs that comes most often.",
    "    counts = {}\n    for $x in $xs:\n        counts[$x] = counts.get($x, 0) + 1\n    return max(counts, key=counts.get)", "    return max($xs, key=$xs.count)",
    calls=lambda g: (g.choice(["a", "b", "a"], ["c", "d", "d"], ["x", "y", "y", "x", "y"]),))
function(T, "parse_settings | read_pairs | parse_lines", "lines", "Return the lines as a dict; each is key=value.",
    "    result = {}\n    for line in lines:\n        key, value = line.split('=')\n        result[key] = value\n    return result",
    "    return dict(line.split('=') for line in lines)", calls=lambda g: (g.choice(["a=1", "b=2"], ["x=y"], ["name=bob", "age=9"]),))
function(T, "sell | take_out | remove_stock | withdraw_item", "$d, $k, amount", "Take amount of $k out of $d and return what is left.",
    "    $d[$k] -= amount\n    return $d[$k]", "    $d[$k] = $d[$k] - amount\n    return $d[$k]", calls=lambda g: ({"fig": 8, "tea": 9}, g.choice("fig", "tea"), g.int(2, 5)))
function(T, "restock | put_in | add_stock | deposit_item", "$d, $k, amount", "Add amount of $k to $d and return the new amount.",
    "    $d[$k] = $d.get($k, 0) + amount\n    return $d[$k]", "    if $k not in $d:\n        $d[$k] = 0\n    $d[$k] += amount\n    return $d[$k]", calls=lambda g: ({"fig": 8, "tea": 9}, g.choice("fig", "tea", "cup"), g.int(2, 5)))
