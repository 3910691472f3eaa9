"""Random shell scripts whose commands are stubs c0 to c9; the same seed gives the same script."""

from __future__ import annotations

import random
from collections.abc import Callable

_CHARACTERS = "ab'\"\\ \t\n$`(){}[]<>|&;#!*?~=-+:/,.0"
_SPECIAL = [
    "a;b",
    "x|y",
    "(",
    ")",
    "&&",
    "it's",
    "#no",
    "$(",
    "`",
    "{",
    "}",
    "<<E",
    "\n",
    "\\",
    "!",
    "=",
    "a b",
    "",
]
_PIPES = (" | ", "|", " |& ", " |\n")
_JOINTS = ("; ", " ;", ";", " && ", "&&", " || ", " & ", " && \n", "\\\n; ", " &\\\n& ")
_DOCUMENT_LINES = (
    "text",
    "it's",
    '"',
    "$(c2 y)",
    "`c3 z`",
    "${x:-$(c4)}",
    "\\$(c9)",
    "$((1+1))",
    " E",
    "E ",
    "a\\\nb",
    "\tE x",
    "$v",
    "${x:-a}",
    ")",
    "#",
    "\\\\",
    "cat <<X",
    "$(c6 <<F\nc9\nF\n)",
)
_PLAIN = str.split(
    """
    a b.txt -x --long=1 x=1 /dev/null 1 a#b c9 if done % ^ @ ] ,
    """
)
_UNUSUAL = (
    "$'a\\'b'",
    "$'\\x41'",
    "$'a\\nb'",
    "$'$(c9)'",
    '$"t"',
    "a\\\nb",
    "~",
    "*",
    "?x",
    "[a-b]",
    "{a,b}",
    "{1..3}",
    "{}",
    "{a,{b,c}}d",
    "{a,}",
    "{a}",
    "{,}",
    "x{1..2}{a,b}",
    "{b..d}",
    "{3..1}",
    "{01..03}",
)
_VARIABLES = str.split(
    """
    $v ${v} $1 $# $? ${#v} ${v:-a} ${v%/*} ${v//a/b} $ $$ ${arr[0]} ${v:0:1} "$@"
    """
)
_REDIRECTIONS = (
    " >/dev/null",
    " 2>&1",
    " </dev/null",
    " >>/dev/null",
    " &>/dev/null",
    " >|/dev/null",
    " 2> /dev/null",
    " < <(c0 x)",
    " > >(c1)",
    " 3<>/dev/null",
    " >&-",
    " {fd}>/dev/null",
    " 1>\\\n/dev/null",
    " &>>/dev/null",
    ' > "/dev/null"',
    " <&0",
    " >/dev/$(c4; echo null)",
    " 2>&1 >/dev/null",
)
_PATTERNS = ("a", "*", "a|b", "'x y'", '"$v"', "[ab]*", "$(c7)", "$((1))", "esa", "\\)", "a | b")
_ARITHMETIC = (
    "((1))",
    "(( (1) ))",
    "((a[0]=1))",
    "(( 1 > 0 ))",
    "(( x = 1 , 2 ))",
    "( (c3) )",
    "((c1); (c2))",
)


class Writer:
    """Writes one script."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.bodies: list[str] = []
        """Here-documents announced on the current line."""
        self.functions = 0

    def script(self) -> str:
        text = self.list(2)
        if self.dice.random() < 0.3:
            text += self.line_end() + self.list(1)
        if self.bodies:
            text += self.line_end()
        return self.damage(text) if self.dice.random() < 0.04 else text

    def damage(self, text: str) -> str:
        """Insert, drop or double a few characters. Scripts with loops stay whole, lest these never end."""
        if any(word in text for word in ("while", "until", "for")):
            return text
        for _ in range(self.dice.randint(1, 3)):
            at = self.dice.randint(0, len(text))
            match self.dice.randint(0, 3):
                case 0:
                    text = text[:at] + text[at + 1 :]
                case 1:
                    text = text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
                case _:
                    text = text[:at] + self.dice.choice(_CHARACTERS) + text[at:]
        return text

    def pick(self, *options: str) -> str:
        return self.dice.choice(options)

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    # -- lists

    def line_end(self) -> str:
        """A line end, with the here-documents that were announced before it."""
        bodies, self.bodies = self.bodies, []
        return self.pick("", "", "", " # it's $(c9) `c9` \\", " #c9 <<E") + "\n" + "".join(bodies)

    def joint(self, following: str) -> str:
        if self.chance(0.3):
            return self.line_end()
        piped = self.chance(0.3) and not following.startswith(("!", "time"))
        options = _PIPES if piped else _JOINTS
        return self.dice.choice([text for text in options if "\n" not in text] if self.bodies else options)

    def list(self, depth: int) -> str:
        text = self.command(depth)
        for _ in range(self.dice.choice([0, 0, 1, 1, 2])):
            announced, self.bodies = self.bodies, []
            following = self.command(depth)
            later, self.bodies = self.bodies, announced
            text += self.joint(following) + following
            self.bodies += later
        return text

    def block(self, depth: int) -> str:
        """A list as a compound command holds it, up to where the closing keyword may stand."""
        text = self.list(depth)
        return text + (self.line_end() if self.bodies or self.chance(0.3) else self.pick("; ", ";", " ;"))

    def gap(self, *options: str) -> str:
        return self.line_end() if self.bodies else self.pick(*options)

    def command(self, depth: int) -> str:
        if depth <= 0 or self.chance(0.5):
            return self.simple(depth)
        common: list[Callable[[int], str]] = [
            self.group,
            self.condition,
            self.loop,
            self.while_loop,
            self.case,
            self.test,
            self.function,
            self.prefix,
        ]
        if self.chance(0.06):
            return self.pick(*_ARITHMETIC, self.pick("coproc c1 a", "coproc { c2; }", "coproc N { c3; }"))
        text = self.dice.choice(common)(depth - 1)
        return text + (
            self.redirection(0)
            if self.chance(0.1) and text.endswith(("}", ")", "done", "fi", "esac"))
            else ""
        )

    # -- compound commands

    def group(self, depth: int) -> str:
        if self.chance(0.4):
            return self.pick("{ ", "{\n") + self.block(depth) + "}"
        text = self.pick("(", "( ") + self.list(depth)
        return text.replace("((", "( (", 1) + self.gap("", " ") + ")"

    def condition(self, depth: int) -> str:
        text = "if " + self.block(depth) + "then " + self.block(depth)
        if self.chance(0.3):
            text += "elif " + self.block(depth) + "then\n" + self.block(depth)
        if self.chance(0.4):
            text += "else " + self.block(depth)
        return text + "fi"

    def loop(self, depth: int) -> str:
        if self.chance(0.15):
            return (
                "for ((i=0;i<1;i++))"
                + self.pick("; do ", " do ", "\ndo ", " { c1; }; { ")
                + self.block(depth)
                + "done"
            )
        words = " ".join(self.argument(depth) for _ in range(self.dice.randint(0, 2)))
        head = self.pick(f"for v in {words}", f"for v in {words}", "for v", f"for v\nin {words}")
        opening, closing = self.dice.choice([("do ", "done"), ("do\n", "done"), ("{ ", "}")])
        return head + self.gap("; ", "\n", ";\n") + opening + self.block(depth) + closing

    def while_loop(self, depth: int) -> str:
        return self.pick("while ", "until ") + self.block(depth) + "do " + self.block(depth) + "break; done"

    def case(self, depth: int) -> str:
        text = f"case {self.argument(depth)} in" + self.gap(" ", "\n")
        for _ in range(self.dice.randint(0, 2)):
            text += self.pick("(", "", "( ") + self.dice.choice(_PATTERNS) + self.pick(") ", ")\n", " )")
            text += self.list(depth) + self.gap("", "\n") + self.pick(";;", ";;&", ";&", " ;; ")
            text += self.pick("", "\n", " ", " # c9 )\n")
        return text + self.pick(" esac", "\nesac")

    def test(self, depth: int) -> str:
        left, right = self.argument(depth), self.argument(depth)
        return self.pick(
            f"[[ {left} == {right} ]]",
            f"[[ -n {left} ]]",
            f"[[ {left} =~ ^(a|b) ]]",
            f"[[ $(c6) -eq 0 && {left} ]]",
            f"[[ ! ( -z {left} || x < {right} ) ]]",
            f"[ {left} = {right} ]",
            f"[[ {left} == a* ||\n {right} ]]",
        )

    def function(self, depth: int) -> str:
        self.functions += 1
        name = f"f{self.functions}"
        head = self.pick(
            f"{name}() ", f"{name} () ", f"function {name} ", f"function {name}() ", f"{name}()\n"
        )
        return head + "{ " + self.block(depth) + "}" + self.pick("; ", "\n") + name

    def prefix(self, depth: int) -> str:
        return self.pick("! ", "time ", "time -p ", "! time ", "! ! ", "time -- ") + self.command(depth)

    # -- simple commands

    def simple(self, depth: int) -> str:
        parts = [self.assignment(depth)] if self.chance(0.15) else []
        if self.chance(0.08):
            parts.append(self.redirection(depth).strip())
        parts.append(self.name())
        parts += [self.argument(depth) for _ in range(self.dice.choice([0, 1, 1, 2]))]
        text = self.pick(" ", " ", "  ", "\t", " \\\n").join(parts)
        return text + (self.redirection(depth) if self.chance(0.2) else "")

    def name(self) -> str:
        digit = self.dice.randint(0, 9)
        if self.chance(0.8):
            return f"c{digit}"
        return self.pick(
            f"'c{digit}'",
            f'"c"{digit}',
            f"\\c{digit}",
            f"c\\\n{digit}",
            f"$'c{digit}'",
            f"$'\\x63{digit}'",
            f'$"c{digit}"',
            f"c$(){digit}",
            f"{{c{digit},a}}",
            f"c''{digit}",
            f"$(c{digit})",
            f"${{x:-c{digit}}}",
            "if:",
            f"c{{{digit},}}",
            "exec",
        )

    def assignment(self, depth: int) -> str:
        value = self.pick("", "1", "'a b'", "$(c4)", "`c4 a`", self.argument(depth))
        return self.pick(
            f"x={value}",
            f"x+={value}",
            f"arr=(1 {value or 2} $(c3))",
            f"arr[$(c2; echo 1)]={value}",
            f"x\\\n={value}",
        )

    def redirection(self, depth: int) -> str:
        if self.chance(0.25):
            return self.here_document()
        return self.pick(f" <<< {self.argument(depth)}", *_REDIRECTIONS)

    def here_document(self) -> str:
        delimiter = self.pick("E", "E", "'E'", '"E"', "\\E")
        dash = self.pick("", "", "-")
        tabs = "\t" if dash else ""
        lines = [self.dice.choice(_DOCUMENT_LINES) for _ in range(self.dice.randint(0, 2))]
        end = self.pick("E\n", "E\n", "E\n", "E\n" if delimiter != "E" else "\\\nE\n")
        self.bodies.append("".join(f"{tabs}{line}\n" for line in lines) + tabs + end)
        return f" <<{dash}" + self.pick("", " ") + delimiter

    # -- words

    def argument(self, depth: int) -> str:
        return "".join(self.piece(depth) for _ in range(self.dice.choice([1, 1, 1, 2, 3])))

    def piece(self, depth: int) -> str:
        choice = self.dice.random()
        if choice < 0.35:
            return self.dice.choice(_PLAIN)
        if choice < 0.55:
            inner = self.dice.choice(_SPECIAL)
            escaped = "".join("\\" + character for character in inner if character != "\n")
            return self.pick("'" + inner.replace("'", "") + "'", self.double(inner), escaped or "''")
        if choice < 0.65:
            return self.dice.choice(_UNUSUAL)
        if choice < 0.75:
            return self.dice.choice(_VARIABLES)
        return self.substitution(depth - 1) if depth > 0 else "z"

    def double(self, inner: str) -> str:
        escaped = "".join("\\" + character if character in '$`"\\' else character for character in inner)
        return (
            '"' + escaped + self.pick("", "$v", "$(c1 q)", '`c2 \\"r\\"`', "'", '${x:-"$(c3)"}', "\\\n") + '"'
        )

    def substitution(self, depth: int) -> str:
        announced, self.bodies = self.bodies, []
        inner = self.list(depth)
        if self.bodies:
            inner += self.line_end()
        elif self.chance(0.1):
            inner += " # )\n"
        self.bodies = announced
        if inner.startswith("("):
            inner = " " + inner
        if self.chance(0.05):
            return self.pick(f"$((1+$({inner}\necho 1)))", f"$[$({inner}\necho 1)]")
        if self.chance(0.15) and "\\" not in inner and "`" not in inner:
            return f"`{inner}`"
        return self.pick(
            f"$({inner})",
            f"$({inner})",
            f'"$({inner})"',
            f"<({inner})",
            f">({inner})",
            "${x:-$(" + inner + ")}",
            '"${x:-$(' + inner + ')}"',
        )
