"""Small modules of functions that call each other, about texts, games and records."""

from mini_model.tasks.base import module

# fmt: off
T = "modules"
module(T, ("long_enough | is_long_enough", "has_digit | contains_digit", "has_upper | has_capital", "is_strong | is_safe | strong"), '''
MIN_LENGTH = $K


def $f1(password):
    return len(password) >= MIN_LENGTH


def $f2(password):
    return any(c.isdigit() for c in password)


def $f3(password):
    return any(c.isupper() for c in password)


def $f4(password):
    """Long enough, with a digit and a capital letter."""
    return $f1(password) and $f2(password) and $f3(password)
''', calls=lambda g: ["$f4('Secret123' * 12)", "$f4('secret123' * 12)", "$f4('Secretabc' * 12)", f"$f1('{'x' * min(g.k('K'), 20)}')" if g.k("K") <= 20 else "$f1('Ab1')", "$f2('abc')", "$f3('abC')", "$f4('A1')"])
module(T, ("words | split_words | tokens", "count_words | word_counts | frequencies", "top_word | most_common | favourite_word"), '''
def $f1($s):
    """The words of a text in lower case, without punctuation."""
    return [word.strip(".,!?").lower() for word in $s.split()]


def $f2($s):
    counts = {}
    for word in $f1($s):
        counts[word] = counts.get(word, 0) + 1
    return counts


def $f3($s):
    counts = $f2($s)
    return max(counts, key=counts.get)
''', '''
from collections import Counter


def $f1($s):
    return $s.lower().split()


def $f2($s):
    return dict(Counter($f1($s)))


def $f3($s):
    """The word that occurs most often."""
    counts = $f2($s)
    best = None
    for word, count in counts.items():
        if best is None or count > counts[best]:
            best = word
    return best
''', calls=lambda g: ["$f3('the cat and the dog')", "$f1('Hello There')", "$f2('a b a')", "$f3('one two two')", "$f2('To be or not to be')", "$f1('')"])
module(T, ("letter_grade | grade | mark", "class_average | mean_score | average", "passed | has_passed | is_pass"), '''
PASS_MARK = 60


def $f1(score):
    """A from 90, B from 80, C from 70, D from 60, otherwise F."""
    if score >= 90:
        return "A"
    elif score >= 80:
        return "B"
    elif score >= 70:
        return "C"
    elif score >= PASS_MARK:
        return "D"
    return "F"


def $f2(scores):
    return sum(scores) / len(scores)


def $f3(scores):
    return $f2(scores) >= PASS_MARK
''', '''
LIMITS = [(90, "A"), (80, "B"), (70, "C"), (60, "D")]


def $f1(score):
    for limit, letter in LIMITS:
        if score >= limit:
            return letter
    return "F"


def $f2(scores):
    if not scores:
        return 0
    return sum(scores) / len(scores)


def $f3(scores):
    return $f1($f2(scores)) != "F"
''', calls=lambda g: ["$f1(95)", "$f1(90)", "$f1(80)", "$f1(70)", "$f1(60)", "$f1(12)", "$f1(85)", "$f2([80, 90])", "$f3([60, 60])", "$f3([50, 60])"])
module(T, ("shift_letter | shifted | move_letter", "encrypt | encode | encipher", "decrypt | decode | decipher"), '''
def $f1(letter, key):
    if not letter.isalpha():
        return letter
    start = ord("A") if letter.isupper() else ord("a")
    return chr((ord(letter) - start + key) % 26 + start)


def $f2(text, key):
    """Caesar's cipher: every letter moves on by key places."""
    return "".join($f1(letter, key) for letter in text)


def $f3(text, key):
    return $f2(text, -key)
''', calls=lambda g: ["$f2('abc', 1)", "$f2('xyz', 3)", "$f2('Hello', 2)", "$f3('bcd', 1)", "$f2('a b', 1)", "$f3('Jgnnq', 2)", "$f1('z', 1)"])
module(T, ("normalize | cleaned | letters_of", "is_palindrome | reads_backwards | palindrome", "are_anagrams | is_anagram | anagrams"), '''
def $f1(text):
    return "".join(c.lower() for c in text if c.isalnum())


def $f2(text):
    """Spaces, capitals and punctuation do not count."""
    letters = $f1(text)
    return letters == letters[::-1]


def $f3(one, other):
    return sorted($f1(one)) == sorted($f1(other))
''', calls=lambda g: ["$f2('Never odd or even')", "$f2('hello')", "$f3('Listen', 'Silent')", "$f3('abc', 'abd')", "$f1('A b!')", "$f2('')"])
module(T, ("to_seconds | seconds_of | parse_time", "format_time | clock | as_clock", "add_times | plus | later"), '''
def $f1(text):
    """Seconds of a time such as 1:30."""
    minutes, seconds = text.split(":")
    return int(minutes) * 60 + int(seconds)


def $f2(seconds):
    return f"{seconds // 60}:{seconds % 60:02}"


def $f3(first, second):
    return $f2($f1(first) + $f1(second))
''', calls=lambda g: ["$f1('1:30')", "$f1('0:05')", "$f2(90)", "$f2(59)", "$f3('1:30', '0:45')", "$f3('2:00', '3:10')", "$f2(600)"])
module(T, ("parse_line | fields | split_line", "parse | read_table | rows_of", "column | values_of | pick"), '''
def $f1(line):
    return [field.strip() for field in line.split(",")]


def $f2(text):
    """One dict for each line below the first, which has the names."""
    lines = [line for line in text.splitlines() if line]
    header = $f1(lines[0])
    return [dict(zip(header, $f1(line))) for line in lines[1:]]


def $f3(text, name):
    return [row[name] for row in $f2(text)]
''', calls=lambda g: ["$f1('a, b')", "$f2('n,m\\n1,2')", "$f3('n,m\\n1,2\\n3,4', 'm')", "$f3('n,m\\n1,2\\n\\n5,6\\n', 'n')", "$f2('x\\n1\\n2')"])
module(T, ("neighbours | around | adjacent", "count_live | live_neighbours | alive_around", "next_state | survives | lives_on"), '''
def $f1(x, y):
    return [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]


def $f2(cells, x, y):
    return sum(1 for cell in $f1(x, y) if cell in cells)


def $f3(cells, x, y):
    """The rules of the game of life."""
    count = $f2(cells, x, y)
    if (x, y) in cells:
        return count in (2, 3)
    return count == 3
''', calls=lambda g: ["len($f1(0, 0))", "$f2({(0, 1), (1, 0), (5, 5)}, 0, 0)", "$f3({(0, 0), (0, 1), (1, 0)}, 0, 0)", "$f3({(0, 1), (1, 0), (1, 1)}, 0, 0)", "$f3({(0, 0)}, 0, 0)", "$f3({(0, 1), (1, 0)}, 0, 0)"])
module(T, ("is_open | opens_with | opening", "is_balanced | balanced | check_brackets", "depth | nesting | deepest"), '''
PAIRS = {")": "(", "]": "[", "}": "{"}


def $f1(c):
    return c in PAIRS.values()


def $f2(text):
    """Every bracket is closed by its own kind, in order."""
    stack = []
    for c in text:
        if $f1(c):
            stack.append(c)
        elif c in PAIRS:
            if not stack or stack.pop() != PAIRS[c]:
                return False
    return not stack


def $f3(text):
    level = most = 0
    for c in text:
        if $f1(c):
            level += 1
            most = max(most, level)
        elif c in PAIRS:
            level -= 1
    return most
''', calls=lambda g: ["$f2('(a[b])')", "$f2('(]')", "$f2('((')", "$f2(')')", "$f3('(())')", "$f3('()[]')", "$f3('abc')"])
module(T, ("parse_hex | channels | hex_to_rgb", "to_hex | rgb_to_hex | as_hex", "brightness | luminance | lightness"), '''
def $f1(color):
    """Red, green and blue of a color such as #ff8000."""
    color = color.lstrip("#")
    return tuple(int(color[i:i + 2], 16) for i in (0, 2, 4))


def $f2(red, green, blue):
    return f"#{red:02x}{green:02x}{blue:02x}"


def $f3(color):
    return sum($f1(color)) // 3
''', calls=lambda g: ["$f1('#ff8000')", "$f1('#000010')", "$f2(255, 128, 0)", "$f2(0, 1, 2)", "$f3('#030609')", "$f3('#ffffff')"])
module(T, ("add_entry | put | record", "best | leader | top_player", "ranking | standings | places"), '''
def $f1(scores, player, points):
    if player not in scores or points > scores[player]:
        scores[player] = points
    return scores


def $f2(scores):
    """Who has the most points; None if nobody has played."""
    if not scores:
        return None
    return max(scores, key=scores.get)


def $f3(scores):
    return sorted(scores, key=lambda player: (-scores[player], player))
''', calls=lambda g: ["$f1({}, 'ann', 3)", "$f1({'ann': 5}, 'ann', 3)", "$f1({'ann': 5}, 'ann', 8)", "$f2({'ann': 5, 'bob': 7})", "$f2({})", "$f3({'ann': 5, 'bob': 7, 'eve': 5})"])
module(T, ("is_vowel | vowel", "count_vowels | vowels_in | number_of_vowels", "remove_vowels | without_vowels | consonants"), '''
VOWELS = "aeiou"


def $f1(letter):
    return letter.lower() in VOWELS


def $f2(word):
    count = 0
    for letter in word:
        if $f1(letter):
            count += 1
    return count


def $f3(word):
    return "".join(letter for letter in word if not $f1(letter))
''', calls=lambda g: ["$f1('A')", "$f1('x')", "$f2('banana')", "$f2('Eye')", "$f3('banana')", "$f3('Apple')", "$f2('')"])
module(T, ("valid_name | is_name | name_ok", "valid_domain | is_domain | domain_ok", "valid_email | is_email | check_email"), '''
def $f1(name):
    return bool(name) and all(c.isalnum() or c in "._-" for c in name)


def $f2(domain):
    """At least two parts, none of them empty."""
    parts = domain.split(".")
    return len(parts) >= 2 and all(parts)


def $f3(address):
    if address.count("@") != 1:
        return False
    name, domain = address.split("@")
    return $f1(name) and $f2(domain)
''', calls=lambda g: ["$f3('ann@example.com')", "$f3('ann@example')", "$f3('ann')", "$f3('@example.com')", "$f3('a.b-c@x.org')", "$f2('a..b')", "$f2('a.b')", "$f1('a b')"])
module(T, ("roll_value | points_of | face_points", "score | hand_value | total_points", "is_bust | over_limit | too_many"), '''
LIMIT = 21
FACES = {"J": 10, "Q": 10, "K": 10, "A": 11}


def $f1(card):
    if card in FACES:
        return FACES[card]
    return int(card)


def $f2(hand):
    total = sum($f1(card) for card in hand)
    aces = hand.count("A")
    while total > LIMIT and aces > 0:
        total -= 10
        aces -= 1
    return total


def $f3(hand):
    return $f2(hand) > LIMIT
''', calls=lambda g: ["$f1('7')", "$f1('Q')", "$f2(['A', 'K'])", "$f2(['A', 'A', '9'])", "$f2(['K', 'Q', '5'])", "$f3(['K', 'Q', '5'])", "$f3(['K', 'A'])", "$f2(['2', '3'])", "$f3(['A', '9', '9', '2'])"])
module(T, ("find_user | lookup | user_named", "is_admin | has_rights | may_edit", "adults | grown_ups | of_age"), '''
USERS = [
    {"name": "ann", "age": 31, "role": "admin"},
    {"name": "bob", "age": 17, "role": "guest"},
    {"name": "eve", "age": 18, "role": "guest"},
]


def $f1(name):
    for user in USERS:
        if user["name"] == name:
            return user
    return None


def $f2(name):
    user = $f1(name)
    return user is not None and user["role"] == "admin"


def $f3(age=18):
    """The names of all who are at least as old."""
    return [user["name"] for user in USERS if user["age"] >= age]
''', calls=lambda g: ["$f1('bob')['age']", "$f1('tom')", "$f2('ann')", "$f2('bob')", "$f2('tom')", "$f3()", "$f3(31)"])
module(T, ("wrap_line | first_line | cut_line", "wrap | fold | break_lines"), '''
def $f1(words, width):
    """As many words as fit into width, and the rest."""
    line = words[0]
    for i in range(1, len(words)):
        if len(line) + 1 + len(words[i]) > width:
            return line, words[i:]
        line += " " + words[i]
    return line, []


def $f2(text, width):
    words = text.split()
    lines = []
    while words:
        line, words = $f1(words, width)
        lines.append(line)
    return lines
''', calls=lambda g: ["$f2('one two three', 7)", "$f2('one two three', 20)", "$f2('a b c d', 3)", "$f1(['ab', 'cd'], 5)", "$f1(['ab', 'cd'], 4)", "$f2('', 5)"])
module(T, ("snap | clamp | limited", "move | step_to | advance", "hits_wall | at_edge | is_outside"), '''
WIDTH = $K
HEIGHT = $K2


def $f1(value, most):
    return max(0, min(value, most - 1))


def $f2(x, y, direction):
    """One step, but never off the board."""
    if direction == "left":
        x -= 1
    elif direction == "right":
        x += 1
    elif direction == "up":
        y -= 1
    elif direction == "down":
        y += 1
    return $f1(x, WIDTH), $f1(y, HEIGHT)


def $f3(x, y, direction):
    return $f2(x, y, direction) == (x, y)
''', calls=lambda g: ["$f1(-3, 5)", "$f1(9, 5)", "$f1(2, 5)", "$f2(0, 0, 'left')", "$f2(0, 0, 'right')", "$f2(1, 1, 'up')", "$f2(0, 0, 'down')", "$f3(0, 0, 'up')", "$f3(0, 0, 'down')"])
