"""Tasks about strings."""

from mini_model.tasks.base import function

# fmt: off
T = "strings"
function(T, "shout | to_upper | loud | upper_$N | capitals", "$s", "Return $s in upper case. | $s in capital letters.",
    "    return $s.upper()", calls=lambda g: (g.word(),))
function(T, "whisper | to_lower | quiet | lower_$N | normalize", "$s", "Return $s in lower case. | $s in small letters.",
    "    return $s.lower()", calls=lambda g: (g.choice("Hello", "ABC", "World", "Kiwi", g.word()),))
function(T, "clean | trim | stripped | clean_$N | tidy", "$s", "Return $s without spaces around it. | Strip $s on both sides.",
    "    return $s.strip()", calls=lambda g: (g.choice(" {} ", "  {}", "{}  ", "{}").format(g.word()),))
function(T, "initial | first_letter | first_char | initial_of", "$s", "Return the first letter of $s. | The letter $s begins with.",
    "    return $s[0]", calls=lambda g: (g.word(),))
function(T, "last_letter | last_char | ending | final_letter", "$s", "Return the last letter of $s. | The letter $s ends with.",
    "    return $s[-1]", calls=lambda g: (g.word(),))
function(T, "reverse | reversed_$N | backwards | mirror", "$s", "Return $s backwards. | Reverse $s.",
    "    return $s[::-1]", "    return ''.join(reversed($s))", "    $t = ''\n    for char in $s:\n        $t = char + $t\n    return $t",
    calls=lambda g: (g.word(),))
function(T, "is_palindrome | palindrome | same_backwards", "$s", "Return True if $s reads the same backwards.",
    "    return $s == $s[::-1]", "    $t = $s.lower()\n    return $t == $t[::-1]",
    calls=lambda g: (g.choice("noon", "level", "radar", "abba", "apple", "hello", "abc"),))
function(T, "greet | greeting | welcome | say_hello", "name", "Return a greeting for name. | Greet name.",
    "    return 'Hello, ' + name + '!'", '    return f"Hello, {name}!"', "    return 'Hello ' + name",
    calls=lambda g: (g.choice("Ann", "Bob", "Eve", "Tom"),))
function(T, "full_name | display_name | name_of", "first, last", "Return first and last name with a space between.",
    "    return first + ' ' + last", '    return f"{first} {last}"', "    return ' '.join([first, last])",
    calls=lambda g: (g.choice("Ann", "Bob", "Eve"), g.choice("Lee", "Ray", "Fox")))
function(T, "count_letter | count_char | occurrences | how_often", "$s, letter", "Return how often letter is in $s. | Count letter in $s.",
    "    return $s.count(letter)",
    "    $t = 0\n    for char in $s:\n        if char == letter:\n            $t += 1\n    return $t",
    "    return sum(1 for char in $s if char == letter)",
    calls=lambda g: (g.word(), g.choice("e", "l", "o", "a", "p")))
function(T, "count_vowels | vowels | number_of_vowels", "$s", "Return how many vowels $s has. | Count a, e, i, o and u.",
    "    $t = 0\n    for char in $s:\n        if char in 'aeiou':\n            $t += 1\n    return $t",
    "    return sum(1 for char in $s if char in 'aeiou')",
    calls=lambda g: (g.word(),))
function(T, "count_words | word_count | number_of_words", "$s", "Return how many words $s has. | Count the words in $s.",
    "    return len($s.split())", calls=lambda g: (" ".join(g.words(1, 4)),))
function(T, "first_word | opening_word | head_word", "$s", "Return the first word of $s.",
    "    return $s.split()[0]", calls=lambda g: (" ".join(g.words(2, 3)),))
function(T, "last_word | final_word | tail_word", "$s", "Return the last word of $s.",
    "    return $s.split()[-1]", calls=lambda g: (" ".join(g.words(2, 3)),))
function(T, "repeat | repeated | repeat_$N | echo", "$s, $n", "Return $s repeated $n times. | Repeat $s.",
    "    return $s * $n", calls=lambda g: (g.word(), g.int(2, 3)))
function(T, "join_${Ns} | joined | as_text | to_line | comma_list", "$xs", "Return the $xs joined by commas. | One line with all $xs.",
    "    return ', '.join($xs)", "    return ','.join($xs)", calls=lambda g: (g.words(2, 3),))
function(T, "starts_with | begins_with | has_prefix", "$s, prefix", "Return True if $s starts with prefix. | Does $s begin with prefix?",
    "    return $s.startswith(prefix)", "    return $s[:len(prefix)] == prefix",
    calls=lambda g: g.choice(("hello", "he"), ("hello", "lo"), ("apple", "ap"), ("apple", "le"), ("world", "wo")))
function(T, "ends_with | has_suffix | has_extension | finishes_with", "$s, suffix", "Return True if $s ends with suffix. | Does $s end in suffix?",
    "    return $s.endswith(suffix)", "    return $s[-len(suffix):] == suffix",
    calls=lambda g: g.choice(("hello", "he"), ("hello", "lo"), ("a.txt", ".txt"), ("txt.a", "txt"), ("world", "ld")))
function(T, "replace_spaces | slug | slugify | to_slug | make_id", "$s", "Return $s in lower case with dashes for spaces.",
    "    return $s.lower().replace(' ', '-')", "    return $s.strip().lower().replace(' ', '-')",
    calls=lambda g: (" ".join(g.words(2, 3)).title(),))
function(T, "without_${Ns} | remove_letter | drop_letter", "$s, letter", "Return $s without letter. | Remove every letter from $s.",
    "    return $s.replace(letter, '')", "    return ''.join(char for char in $s if char != letter)",
    calls=lambda g: (g.word(), g.choice("e", "l", "o", "a", "p")))
function(T, "shorten | truncate | preview | cut_$N", "$s, $n", "Return the first $n letters of $s. | Cut $s after $n letters.",
    "    return $s[:$n]", calls=lambda g: (g.choice("python", "hello", "orange"), g.int(2, 4)))
function(T, "shorten | truncate | ellipsis | abbreviate", "$s, $n", "Return $s, cut to $n letters and dots if it is longer.",
    "    if len($s) <= $n:\n        return $s\n    return $s[:$n] + '...'",
    "    if len($s) > $n:\n        return $s[:$n] + '...'\n    return $s",
    calls=lambda g: (g.choice("python", "hello", "sun", "abc"), g.choice(3, 5, 6)))
function(T, "extension | file_type | suffix_of", "$s", "Return what follows the last dot of $s. | The extension of a file name.",
    "    return $s.split('.')[-1]", "    return $s.rsplit('.', 1)[1]", calls=lambda g: (g.choice("a.txt", "b.c.py", "x.tar.gz", "notes.md"),))
function(T, "stem | base_name | without_extension", "$s", "Return $s up to the first dot. | The name without its extension.",
    "    return $s.split('.')[0]", calls=lambda g: (g.choice("a.txt", "cat.py", "x.gz", "notes.md"),))
function(T, "user_of | user_name | local_part | account_of", "email", "Return what stands before the @. | The user part of an address.",
    "    return email.split('@')[0]", "    name, domain = email.split('@')\n    return name", calls=lambda g: (g.choice("ann@x.org", "bob@y.com", "eve@mail.net"),))
function(T, "domain_of | host_of | mail_domain", "email", "Return what stands after the @. | The domain of an address.",
    "    return email.split('@')[1]", "    name, domain = email.split('@')\n    return domain", calls=lambda g: (g.choice("ann@x.org", "bob@y.com", "eve@mail.net"),))
function(T, "initials | monogram | short_name", "name", "Return the first letters of all words. | The initials of name.",
    "    return ''.join(word[0] for word in name.split())",
    "    letters = [part[0].upper() for part in name.split()]\n    return ''.join(letters)",
    calls=lambda g: (g.choice("Ann Lee", "Bob Ray Fox", "Eve Sun"),))
function(T, "capitalize | title_case | capitalized", "$s", "Return $s with a capital first letter.",
    "    return $s.capitalize()", "    return $s[0].upper() + $s[1:]", calls=lambda g: (g.choice("apple", "hello", "world", "kiwi"),))
function(T, "is_long | too_long | is_long_$N", "$s", "Return True if $s has more than $K letters.",
    "    return len($s) > $K", calls=lambda g: ("x" * max(0, g.k("K") + g.choice(-1, 0, 0, 1)),))
function(T, "same_word | equal_ignoring_case | same_text", "$a, $b", "Return True if both are the same word in any case.",
    "    return $a.lower() == $b.lower()", "    return $a.upper() == $b.upper()",
    calls=lambda g: g.choice(("abc", "ABC"), ("Hi", "hI"), ("abc", "abd"), ("a", "A"), ("x", "y")))
function(T, "longest_word | longest_$N | longest", "$xs", "Return the longest of $xs. | The word with the most letters.",
    "    return max($xs, key=len)",
    "    best = ''\n    for word in $xs:\n        if len(word) > len(best):\n            best = word\n    return best",
    calls=lambda g: (g.choice(["a", "bbb", "cc"], ["pear", "fig", "apple"], ["kiwi", "lemon", "tea"]),))
function(T, "total_length | letters_in | count_letters", "$xs", "Return how many letters the $xs have together.",
    "    return sum(len($x) for $x in $xs)", "    $t = 0\n    for $x in $xs:\n        $t += len($x)\n    return $t",
    calls=lambda g: (g.words(2, 3),))
function(T, "surround | quote | wrap | in_brackets", "$s", "Return $s in brackets. | Put brackets around $s.",
    "    return '[' + $s + ']'", '    return f"[{$s}]"', calls=lambda g: (g.word(),))
function(T, "to_number | parse_number | as_int | parse_price", "$s", "Return $s as a number. | Turn digits into an int.",
    "    return int($s)", "    return int($s.strip())", calls=lambda g: (str(g.int(10, 99)),))
function(T, "digit_sum | sum_of_digits | cross_sum", "$n", "Return the sum of the digits of $n.",
    "    return sum(int(digit) for digit in str($n))",
    "    $t = 0\n    for digit in str($n):\n        $t += int(digit)\n    return $t", calls=lambda g: (g.int(12, 999),))
function(T, "is_digits | is_number | only_digits", "$s", "Return True if $s consists of digits only.",
    "    return $s.isdigit()", calls=lambda g: (g.choice("123", "42", "abc", "12a", "7"),))
function(T, "pad | pad_left | zero_pad | code_of", "$n", "Return $n with leading zeros, $K characters wide.",
    "    return str($n).zfill($K)", "    return str($n).rjust($K, '0')", calls=lambda g: (g.int(1, 99),))
function(T, "parse_pair | key_value | split_pair", "$s", "Return the parts before and after the equals sign.",
    "    key, value = $s.split('=')\n    return key, value", "    parts = $s.split('=')\n    return parts[0], parts[1]",
    calls=lambda g: (g.choice("a=1", "name=bob", "x=9"),))
function(T, "format_price | price_label | money", "amount", "Return amount with a dollar sign and two decimals.",
    '    return f"${{amount:.2f}}"'.replace("{{", "{").replace("}}", "}").replace("$", "$$"), calls=lambda g: (g.int(1, 99) / 4,))
