"""The commands that need no rule inside the workspace, as data; each entry carries its own examples.

Left out on purpose: less, more and man (pagers run commands), env and printenv (keys), ps, ping, dig, tee,
and every interpreter. An entry's examples are tests: `match` must be read-only, `not_match` must not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from qwen_code.permissions import read_only_checks as checks
from qwen_code.permissions.command_options import Arguments, NotReadOnly, Options, sort_arguments
from qwen_code.permissions.read_only_checks import Reading
from qwen_code.permissions.read_only_git import git
from qwen_code.permissions.shell_fields import Field

Check: TypeAlias = Callable[[Sequence[Field]], Reading]


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """One or several commands of the same kind."""

    names: str
    """Separated by blanks."""
    check: Check
    match: tuple[str, ...]
    not_match: tuple[str, ...] = ()


def files(options: Options, *, most: int = 10_000, skip: int = 0) -> Check:
    """Commands that show the content of their operands, after `skip` others; at most `most` operands."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        _limit(found, most)
        return Reading((*found.operands[skip:], *found.files))

    return check


def names(options: Options) -> Check:
    """Commands that show names, sizes and times of their operands, never content."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        return Reading(reads=tuple(found.files), looks=tuple(found.operands))

    return check


def words(options: Options, *, most: int = 10_000, shape: str = "") -> Check:
    """Commands whose operands are not files. `shape` is what each must begin with."""

    def check(fields: Sequence[Field]) -> Reading:
        found = sort_arguments(options, fields)
        _limit(found, most)
        if any(not operand.text.startswith(shape) for operand in found.operands):
            raise NotReadOnly("an operand may change something")
        return Reading(reads=tuple(found.files), looks=checks.globs(found.operands))

    return check


def _limit(found: Arguments, most: int) -> None:
    if len(found.operands) > most:
        raise NotReadOnly("a further operand may be written to")
    if any(operand.kind == "glob" for operand in found.operands) and most < 10_000:
        raise NotReadOnly("a pattern may name a file that is written to")


_ANY = Options(any=True)
_SORT = Options(
    "bdfghiMnRrVcCmsuz", "ktS",
    """ignore-leading-blanks dictionary-order ignore-case general-numeric-sort human-numeric-sort numeric-sort reverse unique
    version-sort month-sort random-sort stable check merge zero-terminated""",
    "key field-separator buffer-size parallel sort",
)  # fmt: skip
_TREE = Options("adfixnsDhpugFCNqQAr", "LIP", "dirsfirst noreport prune inodes device du si gitignore metafirst", "filelimit charset")
_DIFF = Options(
    "abBcdeEHiNnprqstTuwyZ", "CUxSWFILX",
    """normal brief report-identical-files recursive new-file unified context side-by-side ignore-case ignore-space-change
    ignore-all-space ignore-blank-lines text minimal color no-dereference suppress-common-lines strip-trailing-cr
    left-column""",
    "exclude width label ignore-matching-lines exclude-from starting-file", "X exclude-from",
)  # fmt: skip

READ_ONLY: tuple[ReadOnly, ...] = (
    ReadOnly("cat tac nl rev", files(Options(valued="bdfhilnsvw", any=True)), ("cat -n a.py b.py", "tac x", "cat"), ()),
    ReadOnly(
        "head tail",
        files(Options(valued="cn", long_valued="lines bytes pid sleep-interval", any=True)),
        ("head -20 a", "tail -n 5 a", "head -c 3 a", "tail -f log"),
    ),
    ReadOnly("wc", files(Options(files="files0-from", any=True)), ("wc -l *.py",)),
    ReadOnly("ls dir vdir", names(Options(valued="ITw", any=True)), ("ls -la src", "ls *.py", "ls")),
    ReadOnly("stat du df", names(Options(valued="cdtxBf", any=True)), ("stat -c %s a", "du -sh .", "df -h")),
    ReadOnly("realpath readlink", names(_ANY), ("realpath a", "readlink -f a")),
    ReadOnly("tree", names(_TREE), ("tree -L 2 src", "tree -a -I node_modules"), ("tree -o x", "tree -R -H . -L 2")),
    ReadOnly("file", names(Options("bhikLsprzE", "F", "brief mime mime-type mime-encoding", "")), ("file a.bin", "file --mime-type a"),
             ("file -C -m magic", "file -f list")),
    ReadOnly("cut", files(Options(valued="bcdf", long_valued="bytes characters delimiter fields output-delimiter", any=True)),
             ("cut -d / -f 2 a", "cut -c1-3")),
    ReadOnly("tr", words(_ANY), ("tr a-z A-Z", "tr -d '\\n'")),
    ReadOnly("paste join comm", files(Options(valued="dtjoeav12i", any=True)), ("paste -d , a b", "comm -12 a b")),
    ReadOnly("fold fmt expand unexpand column pr", files(Options("stxnabdfijmrTFcdu", "wgGNlohsoe", "tabs")), ("fold -w 80 a", "column -t a")),
    ReadOnly("sort", files(_SORT), ("sort a", "sort -t, -k2,2n a", "sort -rn", "sort --reverse a"),
             ("sort -o a a", "sort --output=x a", "sort --outp=x a", "sort --compress-program=sh a", "sort -T /x a", "sort *")),
    ReadOnly("uniq", files(Options("cdiuDz", "fsw", "count repeated ignore-case unique"), most=1), ("uniq -c a", "uniq"), ("uniq a b", "uniq *")),
    ReadOnly("diff", files(_DIFF), ("diff -u a b", "diff -r a b"), ("diff -l a b", "diff --paginate a b")),
    ReadOnly("cmp", files(Options(valued="in", any=True)), ("cmp a b",)),
    ReadOnly("md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum", files(_ANY), ("sha256sum a",)),
    ReadOnly("od hexdump hd", files(Options(valued="AjNtwnsef", files="f", any=True)), ("od -c a", "hexdump -C a")),
    ReadOnly("xxd", files(Options("abeEipuC", "clsgnoR"), most=1), ("xxd a", "xxd -l 16 a"), ("xxd a b", "xxd -r a", "xxd -r a b")),
    ReadOnly("strings", files(Options(valued="ntTesU", any=True)), ("strings -n 8 a",)),
    ReadOnly("base64 base32", files(Options("dDi", "w", "decode ignore-garbage wrap", "wrap")), ("base64 -d a",), ("base64 -o x a", "base64 --output x a")),
    ReadOnly("grep egrep fgrep zgrep", checks.grep, ("grep -rn 'def main' src", "grep -e a -e b f", "grep -c x")),
    ReadOnly("rg", checks.rg, ("rg -n foo src", "rg --files", "rg -g '*.py' x"), ("rg --pre sh x", "rg --pre=sh x", "rg -z x", "rg --hostname-bin=x y")),
    ReadOnly("find", checks.find, ("find . -name '*.py' -not -path './venv/*'", "find src -type f -size +10k -maxdepth 3", "find . -name *.py"),
             ("find . -delete", "find . -exec id \\;", "find . -execdir id \\;", "find . -ok rm {} \\;", "find . -fprint x", "find . -fls x", "find . -name *")),
    ReadOnly("sed", checks.sed, ("sed -n 1,5p a", "sed 's/a/b/g' a", "sed -n '/x/{p;q}' a", "sed -e 1d -e '$d' a", "sed -n '$=' a"),
             ("sed -i s/a/b/ a", "sed -n 'w out' a", "sed 's/a/b/w out' a", "sed 's/a/id/e' a", "sed 1e a", "sed -f s a", "sed --in-place s/a/b/ a", "sed '1r /etc/passwd' a", "sed -ni p a", "sed -n p -i a")),
    ReadOnly("awk gawk mawk nawk", checks.awk, ("awk '{print $1}' a", "awk -F: '$3 > 5' a", "awk 'NR==2 || /x/' a", "awk -v n=3 'NR<=n' a"),
             ("awk 'BEGIN{system(\"id\")}'", "awk '{print > \"out\"}' a", "awk -f x.awk a", "awk '{print | \"sh\"}' a", "awk 'BEGIN{\"id\" | getline x}'", "awk 'BEGIN{print ENVIRON[\"K\"]}'", "awk -i inplace 1 a", "awk --file=x a")),
    ReadOnly("jq", checks.jq, ("jq . a.json", "jq -r '.a[] | .b' a.json"), ("jq -n env", "jq -n '$ENV.K'", "jq -L . x a", "jq -f f a", "jq --rawfile a b .")),
    ReadOnly("tar", checks.tar, ("tar tf a.tar", "tar -tzvf a.tgz"), ("tar xf a.tar", "tar tf h:a", "tar tf a --to-command=sh", "tar -tf a -I sh")),
    ReadOnly("git", git,
             ("git status", "git log --oneline -5", "git log --format='%h %s' -5", "git diff", "git diff HEAD~1 -- a.py", "git show HEAD:README.md", "git branch", "git branch -a",
              "git branch --show-current", "git branch --list 'x*'", "git branch --contains abc", "git tag", "git tag -l 'v*'", "git remote -v", "git describe --tags", "git rev-parse HEAD",
              "git blame a.py", "git ls-files", "git stash list", "git --no-pager log", "git diff --text", "git config --get user.name", "git grep foo", "git log --output-indicator-new=x"),
             ("git push", "git commit", "git -c core.pager=x log", "git --paginate log", "git -p log", "git --exec-path=/x status", "git -C /x status", "git --git-dir=x log", "git diff --output=x",
              "git show --output x HEAD", "git log --outp=x", "git diff --ext-diff", "git diff --textconv", "git grep -O x", "git grep --open-files-in-pager=sh x", "git branch new", "git branch -D old",
              "git branch -m a b", "git tag v1", "git tag -d v1", "git remote add a b", "git remote show origin", "git stash", "git stash pop", "git reflog expire --all", "git config user.name x",
              "git config --list", "git config --get remote.origin.url", "git fetch", "git submodule update --init", "git cat-file --filters x", "git symbolic-ref HEAD refs/heads/x", "git worktree add x",
              "git bisect run x", "git diff --no-index a b")),
    ReadOnly("echo", checks.echo, ("echo hi", 'echo "a; rm -rf b"', "echo $HOME")),
    ReadOnly("printf", checks.printf, ('printf "%s\\n" hello',), ("printf -v PATH x", "printf $X a")),
    ReadOnly("test [", checks.condition, ("test -f a", '[ -n "$X" ]', "[ a = b ]"), ("test -v 'a[$(id)]'", "[ -v a ]", "[ -R a ]")),
    ReadOnly("true false : break continue exit return wait", words(_ANY), ("true", ":", "exit 1")),
    ReadOnly("pwd", words(Options("LP")), ("pwd", "pwd -P")),
    ReadOnly("cd", checks.change_directory, ("cd src", "cd ."), ("cd", "cd -", "cd $X")),
    ReadOnly("set", checks.shell_options, ("set -e", "set -euo pipefail", "set -x"), ("set", "set -a", "set -- a", "set -o allexport", "set -o")),
    ReadOnly("basename dirname", words(Options("az", "s", "multiple zero", "suffix")), ("basename src/app.py", "dirname /a/b")),
    ReadOnly("which type whereis", words(_ANY), ("which python", "type -a ls")),
    ReadOnly("command", words(Options("vV"), shape=""), ("command -v node",), ("command ls", "command -p ls", "command node -v")),
    ReadOnly("whoami groups logname nproc arch tty uptime id uname locale", words(_ANY), ("whoami", "id -u", "uname -a", "nproc")),
    ReadOnly("hostname", words(Options("sI", "", "short"), most=0), ("hostname", "hostname -s"), ("hostname evil", "hostname -F x", "hostname -b x")),
    ReadOnly("date", words(Options("uR", "dI", "utc universal rfc-email iso-8601", "date"), shape="+"), ("date", "date +%F", "date -u", "date -d yesterday +%F"),
             ("date -s now", "date --set=now", "date 010203042026", "date -f x")),
    ReadOnly("free cal", words(_ANY), ("free -h", "cal")),
    ReadOnly("seq expr sleep factor numfmt", words(_ANY), ("seq 1 5", "expr 1 + 2", "sleep 1")),
    ReadOnly("python python3 node", checks.version, ("python3 --version", "node -v"), ("python3 x.py --version", "python3", "node -e 1", "python3 -v x")),
)  # fmt: skip

_BY_NAME: Mapping[str, ReadOnly] = {name: entry for entry in READ_ONLY for name in entry.names.split()}


def reading(fields: Sequence[Field]) -> Reading:
    """What a command reads.

    Raises:
        NotReadOnly: it may do more, or nothing is known of it.
    """
    name = fields[0]
    entry = _BY_NAME.get(name.text) if name.literal else None
    if entry is None:
        raise NotReadOnly(f"`{name.text}` is not a read-only command")
    return entry.check(fields[1:])
