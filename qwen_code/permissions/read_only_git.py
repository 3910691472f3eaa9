"""Git commands that only read: which sub-commands, under which options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from qwen_code.permissions.command_options import MAY_BE_OPTION, UNKNOWN_ARGUMENT, NotReadOnly
from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.read_only_checks import Reading
from qwen_code.permissions.shell_fields import Field

_GLOBAL = frozenset(
    {"--no-pager", "--no-optional-locks", "--literal-pathspecs", "--glob-pathspecs", "--no-replace-objects"}
)
_ACTING = (
    "--output", "--ext-diff", "--textconv", "--open-files-in-pager", "--filters", "--exec", "--upload-pack",
    "--contents", "--show-signature", "--paginate", "--no-index", "--edit-description", "--batch-command",
    "--help",
)  # fmt: skip
"""Options that write files, start programs or leave the repository; git takes unique beginnings of them."""
_EXACT = frozenset(
    {
        "--text",
        "--no-ext-diff",
        "--no-textconv",
        "--pickaxe-regex",
        "--pickaxe-all",
        "--no-color",
        "--oneline",
    }
)
_SHOWING = listed(
    """
    log show diff blame annotate shortlog rev-parse rev-list describe ls-files ls-tree cat-file grep
    merge-base name-rev for-each-ref show-ref diff-tree diff-index diff-files count-objects check-ignore
    check-attr show-branch whatchanged cherry range-diff var verify-pack get-tar-commit-id
    check-ref-format check-mailmap column stripspace
    """
)
_LISTING_BRANCHES = listed(
    """
    -a -r -v -vv -l -i --all --remotes --verbose --list --show-current --ignore-case --no-color --color
    --column --no-column --no-abbrev -q --quiet
    """
)
_BRANCH_VALUES = frozenset(
    {
        "--contains",
        "--no-contains",
        "--merged",
        "--no-merged",
        "--points-at",
        "--sort",
        "--format",
        "--abbrev",
    }
)
_CREDENTIAL = re.compile(
    r"credential|extraheader|token|password|secret|proxy|url|cookie|user:|sslkey", re.IGNORECASE
)


def git(fields: Sequence[Field]) -> Reading:
    """`git` with a sub-command that shows, without options that write, page or start programs."""
    for field in fields:
        if field.kind == "dynamic":
            raise NotReadOnly(UNKNOWN_ARGUMENT)
        if field.kind == "glob" and field.text[0] in "*?[-":
            raise NotReadOnly(MAY_BE_OPTION)
    words = [field.text for field in fields]
    at = 0
    while at < len(words) and words[at] in _GLOBAL:
        at += 1
    if words[at:] in (["--version"], ["-v"], ["version"], ["--help"], []):
        return Reading()
    command, arguments = words[at], words[at + 1 :]
    if command.startswith("-"):
        raise NotReadOnly(f"the option {command} changes what git does")
    if check := _CHECKS.get(command):
        check(arguments)
    elif command not in _SHOWING:
        raise NotReadOnly(f"git {command} may change something")
    before_paths = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for word in before_paths:
        if _acts(word) or (command == "grep" and re.match(r"-[A-Za-z0-9]*O", word)):
            raise NotReadOnly(f"the option {word} may do more than show")
    paths = tuple(_paths(fields[at + 1 :]))
    whole = command == "grep" or (bool(paths) and command in ("diff", "show", "log", "blame"))
    if command == "grep" and not {"-f", "--file"} & set(arguments):
        paths = paths[1:]  # the pattern
    return Reading(paths, recursive="all" if whole else "")


def _acts(word: str) -> bool:
    name = word.partition("=")[0]
    if not name.startswith("--") or name in _EXACT or len(name) < 4:
        return False
    return any(option.startswith(name) or name == option for option in _ACTING)


def _paths(fields: Sequence[Field]) -> list[Field]:
    """The files that arguments name: as they are, or behind the last colon (`HEAD:x`, `:x`, `-L1,9:x`)."""
    paths: list[Field] = []
    for at, field in enumerate(fields):
        text = field.text
        if field.kind == "process" or (text.startswith("-") and not text.startswith("-L")):
            continue
        if at and fields[at - 1].text == "-L" and ":" not in text:
            continue  # lines, perhaps by a pattern: `blame -L /def/,+5 x`
        _, colon, path = text.rpartition(":")
        path = re.sub(r"^(?:\([^)]*\))?[/!^]*", "", path) if colon else ""
        if path:
            paths.append(Field(path.removeprefix("./"), field.kind))
        if not colon and (".." not in text or re.search(r"(?:^|/)\.\.(?:/|$)", text)):
            paths.append(field)
    return paths


def _branch(arguments: Sequence[str]) -> None:
    listing = not arguments or any(
        a in ("--list", "-l", "--show-current") or a in _BRANCH_VALUES for a in arguments
    )
    taken = iter(arguments)
    for argument in taken:
        name = argument.partition("=")[0]
        if name in _BRANCH_VALUES:
            if "=" not in argument:
                next(taken, "")
        elif argument.startswith("-"):
            if argument not in _LISTING_BRANCHES and name not in _LISTING_BRANCHES:
                raise NotReadOnly(f"the option {argument} may change branches")
        elif not listing:
            raise NotReadOnly("it may make a branch")


def _tag(arguments: Sequence[str]) -> None:
    listing = not arguments or any(
        re.match(r"-l$|--list$|-n[0-9]*$", a) or a in _BRANCH_VALUES for a in arguments
    )
    if not listing or any(
        re.match(r"-[adfmsuFev]|--(?:annotate|sign|delete|force|message|file|edit|verify)", a)
        for a in arguments
    ):
        raise NotReadOnly("it may change tags")


def _remote(arguments: Sequence[str]) -> None:
    if list(arguments) not in ([], ["-v"], ["--verbose"]) and not (
        arguments[0] == "get-url" and len(arguments) == 2
    ):
        raise NotReadOnly("it may change remotes or use the network")


def _first(*words: str) -> Callable[[Sequence[str]], None]:
    """The first argument must be one of `words`; an empty one stands for no arguments."""

    def check(arguments: Sequence[str]) -> None:
        if (arguments[0] if arguments else "") not in words:
            raise NotReadOnly("it may change something")

    return check


def _reflog(arguments: Sequence[str]) -> None:
    if arguments and arguments[0] in ("expire", "delete", "drop", "write"):
        raise NotReadOnly("it destroys what could be undone")


def _config(arguments: Sequence[str]) -> None:
    scopes = ("--local", "--global", "--system", "--worktree")
    words = [argument for argument in arguments if argument not in scopes]
    reads = len(words) == 2 and words[0] in ("--get", "--get-all", "get")
    if not (reads or len(words) == 1) or words[-1].startswith("-") or "." not in words[-1]:
        raise NotReadOnly("it may change settings or show credentials")
    if _CREDENTIAL.search(words[-1]):
        raise NotReadOnly("it may show credentials")


def _symbolic_ref(arguments: Sequence[str]) -> None:
    operands = [a for a in arguments if a not in ("--short", "-q", "--quiet")]
    if len(operands) != 1 or operands[0].startswith("-"):
        raise NotReadOnly("it may move a reference")


_CHECKS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "status": lambda arguments: None,
    "branch": _branch,
    "tag": _tag,
    "remote": _remote,
    "reflog": _reflog,
    "config": _config,
    "symbolic-ref": _symbolic_ref,
    "stash": _first("list", "show"),
    "worktree": _first("list"),
    "notes": _first("list", "show"),
}
