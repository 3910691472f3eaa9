"""The commands that need no rule inside the workspace: the tables together, and the look-up in them.

Left out on purpose: env and printenv (keys), ps (arguments of others), ping and dig (the network).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qwen_code.permissions import read_only_checks as checks
from qwen_code.permissions.command_options import NotReadOnly, Options
from qwen_code.permissions.name_tables import examples
from qwen_code.permissions.read_only_checks import Reading
from qwen_code.permissions.read_only_entries import ReadOnly, words
from qwen_code.permissions.read_only_files import FILE_COMMANDS
from qwen_code.permissions.read_only_git import git
from qwen_code.permissions.shell_fields import Field

_ANY = Options(any=True)

_OTHERS: tuple[ReadOnly, ...] = (
    ReadOnly(
        "true false : break continue exit return",
        words(_ANY),
        ("true", ":", "exit 1"),
    ),
    ReadOnly("arch", words(Options(), most=0), ("arch",), ("arch -x86_64 rm x", "arch ls")),
    ReadOnly("wait", words(Options()), ("wait", "wait 12"), ("wait -p 'a[$(id)]' 12", "wait -n")),
    ReadOnly(
        "pwd",
        words(Options("LP")),
        ("pwd", "pwd -P"),
    ),
    ReadOnly(
        "cd",
        checks.change_directory,
        ("cd src", "cd ."),
        ("cd", "cd -", "cd $X"),
    ),
    ReadOnly(
        "set",
        checks.shell_options,
        ("set -e", "set -euo pipefail", "set -x"),
        ("set", "set -a", "set -- a", "set -o allexport", "set -o"),
    ),
    ReadOnly(
        "basename dirname",
        words(Options("az", "s", "multiple zero", "suffix")),
        ("basename src/app.py", "dirname /a/b"),
    ),
    ReadOnly(
        "git",
        git,
        examples(
            """
            git status
            git log --oneline -5
            git log --format='%h %s' -5
            git diff
            git diff HEAD~1 -- a.py
            git show HEAD:README.md
            git branch
            git branch -a
            git branch --show-current
            git branch --list 'x*'
            git branch --contains abc
            git tag
            git tag -l 'v*'
            git remote -v
            git describe --tags
            git rev-parse HEAD
            git blame a.py
            git ls-files
            git stash list
            git --no-pager log
            git diff --text
            git config --get user.name
            git config core.autocrlf
            git grep foo
            git log --output-indicator-new=x
            """
        ),
        examples(
            """
            git push
            git commit
            git -c core.pager=x log
            git --paginate log
            git -p log
            git --exec-path=/x status
            git -C /x status
            git --git-dir=x log
            git diff --output=x
            git show --output x HEAD
            git log --outp=x
            git diff --ext-diff
            git diff --textconv
            git grep -O x
            git grep --open-files-in-pager=sh x
            git branch new
            git branch -D old
            git branch -m a b
            git tag v1
            git tag -d v1
            git remote add a b
            git remote show origin
            git stash
            git stash pop
            git reflog expire --all
            git config user.name x
            git config --list
            git config credential.helper
            git config -e
            git log --help
            git config --get remote.origin.url
            git fetch
            git submodule update --init
            git cat-file --filters x
            git symbolic-ref HEAD refs/heads/x
            git worktree add x
            git bisect run x
            git diff --no-index a b
            """
        ),
    ),
    ReadOnly(
        "echo",
        checks.echo,
        examples(
            """
            echo hi
            echo "a; rm -rf b"
            echo $HOME
            """
        ),
    ),
    ReadOnly(
        "printf",
        checks.printf,
        examples(
            r"""
            printf "%s\n" hello
            """
        ),
        ("printf -v PATH x", "printf $X a"),
    ),
    ReadOnly(
        "test [",
        checks.condition,
        examples(
            """
            test -f a
            [ -n "$X" ]
            [ a = b ]
            """
        ),
        ("test -v 'a[$(id)]'", "[ -v a ]", "[ -R a ]"),
    ),
    ReadOnly(
        "which type whereis",
        words(_ANY),
        ("which python", "type -a ls"),
    ),
    ReadOnly(
        "command",
        checks.command,
        ("command -v node",),
        ("command ls", "command -p ls", "command node -v"),
    ),
    ReadOnly(
        "whoami groups logname nproc tty uptime id uname locale",
        words(_ANY),
        ("whoami", "id -u", "uname -a", "nproc"),
    ),
    ReadOnly(
        "hostname",
        words(Options("sI", "", "short"), most=0),
        ("hostname", "hostname -s"),
        ("hostname evil", "hostname -F x", "hostname -b x"),
    ),
    ReadOnly(
        "date",
        words(Options("uR", "d", "utc universal rfc-email iso-8601", "date"), shape="+"),
        ("date", "date +%F", "date -u", "date -d yesterday +%F", "date --iso-8601=seconds"),
        ("date -s now", "date --set=now", "date 010203042026", "date -f x", "date -I 010203042026"),
    ),
    ReadOnly(
        "free cal",
        words(_ANY),
        ("free -h", "cal"),
    ),
    ReadOnly(
        "seq expr sleep factor numfmt",
        words(_ANY),
        ("seq 1 5", "expr 1 + 2", "sleep 1"),
    ),
    ReadOnly(
        "python python3 node npm pip pip3 ruby php java javac gcc g++ clang cmake docker podman kubectl",
        checks.version,
        ("python3 --version", "node -v", "npm -v", "java -version"),
        ("python3 x.py --version", "python3", "node -e 1", "python3 -v x"),
    ),
)

READ_ONLY: tuple[ReadOnly, ...] = (*FILE_COMMANDS, *_OTHERS)

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
