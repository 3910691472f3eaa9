"""Tasks with longer bodies: several steps, of which one is wrong."""

from mini_model.tasks.base import function

# fmt: off
T = "longer"
function(T, "to_roman | roman | as_roman", "$n", "Return $n as a roman number.", '''
    numerals = [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    text = ""
    for value, letters in numerals:
        while $n >= value:
            text += letters
            $n -= value
    return text
''', calls=lambda g: (g.int(1, 29),))
function(T, "luhn | is_valid_card | check_digit_ok", "digits", "Return True if the checksum of digits is right.", '''
    total = 0
    for i, digit in enumerate(reversed(digits)):
        n = int(digit)
        if i % 2 == 1:
            n *= 2
            if n > 9:
                n -= 9
        total += n
    return total % 10 == 0
''', calls=lambda g: (g.choice("59", "18", "26", "79927398713", "79927398710", "1234", "0000", "4539578763621486"),))
function(T, "slugify | slug | url_name", "title", "Return title in lower case with dashes between its words.",
    '    words = title.lower().split()\n    return "-".join(words)',
    '    kept = [c.lower() if c.isalnum() else "-" for c in title]\n    return "".join(kept).strip("-")', calls=lambda g: (g.choice("Hello World", "One", "A Big Day", "Red Fox Run"),))
function(T, "to_snake | snake_case | underscored", "name", "Return a name such as FirstName as first_name.", '''
    out = ""
    for i, c in enumerate(name):
        if c.isupper():
            if i > 0:
                out += "_"
            out += c.lower()
        else:
            out += c
    return out
''', calls=lambda g: (g.choice("FirstName", "Name", "someLongName", "ab", "aB"),))
function(T, "to_camel | camel_case | joined_name", "name", "Return a name such as first_name as firstName.",
    '    first, *rest = name.split("_")\n    return first + "".join(word.capitalize() for word in rest)',
    '    words = name.split("_")\n    return words[0] + "".join(w.title() for w in words[1:])', calls=lambda g: (g.choice("first_name", "name", "a_b_c", "long_file_name"),))
function(T, "compress | run_lengths | encode_runs", "$s", "Return every letter with how often it stands in a row.", '''
    out = []
    i = 0
    while i < len($s):
        j = i
        while j < len($s) and $s[j] == $s[i]:
            j += 1
        out.append(($s[i], j - i))
        i = j
    return out
''', '''
    out = []
    for c in $s:
        if out and out[-1][0] == c:
            out[-1] = (c, out[-1][1] + 1)
        else:
            out.append((c, 1))
    return out
''', calls=lambda g: (g.choice("aab", "abc", "zzz", "aabbb", ""),))
function(T, "moving_average | smooth | window_means", "$xs, $n", "Return the averages of $n $xs in a row.",
    '    return [sum($xs[i:i + $n]) / $n for i in range(len($xs) - $n + 1)]',
    '    out = []\n    for i in range(len($xs) - $n + 1):\n        window = $xs[i:i + $n]\n        out.append(sum(window) / $n)\n    return out', calls=lambda g: (g.choice([2, 4, 6, 8], [1, 3, 5], [10, 20, 30, 40]), g.choice(1, 2)))
function(T, "mode | most_frequent | favourite", "$xs", "Return which of the $xs is there most often.",
    '    counts = {}\n    for $x in $xs:\n        counts[$x] = counts.get($x, 0) + 1\n    return max(counts, key=counts.get)',
    '    best = None\n    for $x in $xs:\n        if best is None or $xs.count($x) > $xs.count(best):\n            best = $x\n    return best', calls=lambda g: (g.choice([1, 2, 2], [3, 3, 1, 4], [5, 6, 6, 6, 5], ["a", "b", "b"]),))
function(T, "income_tax | tax | tax_due", "income", "Nothing up to 10000, then 20 percent, above 50000 it is 40 percent.", '''
    if income <= 10000:
        return 0
    if income <= 50000:
        return (income - 10000) * 20 // 100
    return 8000 + (income - 50000) * 40 // 100
''', calls=lambda g: (g.choice(5000, 10000, 20000, 50000, 60000, 100000),))
function(T, "is_strong | good_password | check_password", "password", "At least 8 characters, a digit and an upper case letter.", '''
    if len(password) < 8:
        return False
    if not any(c.isdigit() for c in password):
        return False
    return any(c.isupper() for c in password)
''', '''
    long_enough = len(password) >= 8
    has_digit = any(c.isdigit() for c in password)
    has_upper = any(c.isupper() for c in password)
    return long_enough and has_digit and has_upper
''', calls=lambda g: (g.choice("Secret12", "secret12", "SECRETxx", "Ab1", "Abcdefg1", "Abcdef1", "longEnough9"),))
function(T, "parse_query | query_fields | parse_params", "text", "Return the fields of a text such as a=1&b=2.", '''
    fields = {}
    for part in text.split("&"):
        if "=" in part:
            key, value = part.split("=", 1)
            fields[key] = value
    return fields
''', '''
    return dict(part.split("=", 1) for part in text.split("&") if "=" in part)
''', calls=lambda g: (g.choice("a=1&b=2", "x=5", "a=1&b", "q=a=b&p=", ""),))
function(T, "pascal_row | next_row | triangle_row", "row", "Return the row below row in Pascal's triangle.", '''
    middle = [row[i] + row[i + 1] for i in range(len(row) - 1)]
    return [1] + middle + [1]
''', calls=lambda g: (g.choice([1], [1, 1], [1, 2, 1], [1, 3, 3, 1]),))
function(T, "matmul | multiply_matrices | matrix_product", "$a, $b", "Return the product of two matrices.",
    '    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*$b)] for row in $a]',
    '    n = len($b)\n    out = []\n    for row in $a:\n        out.append([sum(row[k] * $b[k][j] for k in range(n)) for j in range(len($b[0]))])\n    return out', calls=lambda g: g.choice(([[1, 2], [3, 4]], [[1, 0], [0, 1]]), ([[1, 2]], [[3], [4]]), ([[2, 0], [1, 2]], [[1, 3], [2, 1]])))
function(T, "sieve | primes_below | primes_until", "$n", "Return the primes below $n.", '''
    prime = [True] * $n
    found = []
    for i in range(2, $n):
        if prime[i]:
            found.append(i)
            for j in range(i * i, $n, i):
                prime[j] = False
    return found
''', calls=lambda g: (g.choice(10, 20, 3, 30, 2),))
function(T, "collatz | collatz_steps | steps_to_one", "$n", "Return how many steps $n takes to one.", '''
    steps = 0
    while $n != 1:
        if $n % 2 == 0:
            $n //= 2
        else:
            $n = 3 * $n + 1
        steps += 1
    return steps
''', calls=lambda g: (g.int(1, 12),))
function(T, "hamming | differing | mismatches", "$a, $b", "Return at how many places $a and $b differ.",
    '    return sum(1 for x, y in zip($a, $b) if x != y)', '    count = 0\n    for i in range(len($a)):\n        if $a[i] != $b[i]:\n            count += 1\n    return count', calls=lambda g: g.choice(("abc", "abd"), ("xyz", "xyz"), ("aaaa", "abab"), ("cat", "dog")))
function(T, "is_ip | valid_ip | is_address", "text", "Return True for four numbers from 0 to 255 with dots between.", '''
    parts = text.split(".")
    if len(parts) != 4:
        return False
    for part in parts:
        if not part.isdigit() or int(part) > 255:
            return False
    return True
''', '''
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and int(p) <= 255 for p in parts)
''', calls=lambda g: (g.choice("1.2.3.4", "1.2.3", "255.0.0.1", "256.1.1.1", "a.b.c.d", "1.2.3.4.5"),))
function(T, "merge_sorted | merged | combine_sorted", "$a, $b", "Return two sorted lists as one sorted list.", '''
    out = []
    i = j = 0
    while i < len($a) and j < len($b):
        if $a[i] <= $b[j]:
            out.append($a[i])
            i += 1
        else:
            out.append($b[j])
            j += 1
    return out + $a[i:] + $b[j:]
''', calls=lambda g: (sorted(g.ints(1, 3)), sorted(g.ints(1, 3))))
function(T, "is_anagram | same_letters | anagrams", "$a, $b", "Return True if $a and $b have the same letters.",
    '    return sorted($a.lower()) == sorted($b.lower())', '    if len($a) != len($b):\n        return False\n    return all($a.count(c) == $b.count(c) for c in $a)', calls=lambda g: g.choice(("tea", "eat"), ("abc", "abd"), ("aab", "abb"), ("a", "aa")))
function(T, "group_by_first | by_letter | index_words", "$xs", "Return the $xs by their first letter.",
    '    groups = {}\n    for $x in $xs:\n        groups.setdefault($x[0], []).append($x)\n    return groups',
    '    groups = {}\n    for $x in $xs:\n        key = $x[0]\n        if key not in groups:\n            groups[key] = []\n        groups[key].append($x)\n    return groups', calls=lambda g: (g.choice(["tea", "tom", "cat"], ["a"], ["ab", "ba", "ac"]),))
function(T, "wrap | wrap_words | break_lines", "text, width", "Return the lines of text, none longer than width.", '''
    lines = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        lines.append(line)
    return lines
''', calls=lambda g: (g.choice("the cat sat", "a bb ccc dd", "one two three", ""), g.choice(5, 7, 10)))
function(T, "change_coins | coins_for | make_change", "amount", "Return how many coins of 25, 10, 5 and 1 make up amount.", '''
    count = 0
    for coin in (25, 10, 5, 1):
        count += amount // coin
        amount %= coin
    return count
''', '''
    used = 0
    for coin in [25, 10, 5, 1]:
        while amount >= coin:
            amount -= coin
            used += 1
    return used
''', calls=lambda g: (g.int(1, 99),))
function(T, "second_largest | runner_up | next_best", "$xs", "Return the second largest of the $xs.",
    '    best = second = None\n    for $x in $xs:\n        if best is None or $x > best:\n            best, second = $x, best\n        elif second is None or $x > second:\n            second = $x\n    return second',
    '    return sorted(set($xs))[-2]', calls=lambda g: (g.distinct(3, 5),))
function(T, "balanced | is_balanced | brackets_match", "text", "Return True if every bracket that opens is closed.", '''
    depth = 0
    for c in text:
        if c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
''', calls=lambda g: (g.choice("(a)", "(", ")(", "(()())", "())", "a"),))
function(T, "encrypt | shift_text | caesar_text", "text, shift", "Return text with its letters moved by shift places.", '''
    out = []
    for c in text:
        if c.isalpha():
            out.append(chr((ord(c) - ord("a") + shift) % 26 + ord("a")))
        else:
            out.append(c)
    return "".join(out)
''', calls=lambda g: (g.choice("abc", "xyz", "a b", "tea!"), g.int(1, 5)))
function(T, "ticket_price | entry_fee | fare", "age, member=False", "Children under 6 are free, under 18 pay half, members 2 less.", '''
    if age < 6:
        return 0
    price = 10
    if age < 18:
        price = 5
    if member:
        price -= 2
    return price
''', calls=lambda g: g.choice((5,), (6,), (17,), (18,), (30, True), (12, True), (3, True)))
function(T, "to_binary | binary | base_two", "$n", "Return $n in binary.",
    '    if $n == 0:\n        return "0"\n    out = ""\n    while $n > 0:\n        out = str($n % 2) + out\n        $n //= 2\n    return out', calls=lambda g: (g.int(0, 20),))
function(T, "from_binary | parse_binary | binary_value", "text", "Return the number that text is in binary.",
    '    value = 0\n    for digit in text:\n        value = value * 2 + int(digit)\n    return value', calls=lambda g: (g.choice("0", "1", "101", "1100", "111"),))
function(T, "next_day | tomorrow | day_after", "day", "Return the day of the week after day.",
    '    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n    return days[(days.index(day) + 1) % len(days)]', calls=lambda g: (g.choice("mon", "wed", "sun", "sat"),))
function(T, "days_in_month | month_length | last_day", "month, leap=False", "Return how many days a month has.", '''
    if month == 2:
        return 29 if leap else 28
    if month in (4, 6, 9, 11):
        return 30
    return 31
''', calls=lambda g: g.choice((2,), (2, True), (4,), (12,), (7,), (9,)))
function(T, "histogram | bars | draw_bars", "$xs", "Return a line of stars for each of the $xs.",
    '    return ["*" * $x for $x in $xs]', '    lines = []\n    for $x in $xs:\n        lines.append("*" * $x)\n    return lines', calls=lambda g: (g.ints(2, 3, 0, 5),))
function(T, "intersection | shared | in_both", "$a, $b", "Return what is in $a and in $b, in the order of $a.",
    '    return [x for x in $a if x in $b]', '    out = []\n    for x in $a:\n        if x in $b and x not in out:\n            out.append(x)\n    return out', calls=lambda g: (g.distinct(3, 4, 1, 6), g.distinct(3, 4, 1, 6)))
