"""The narrowest rule that would have allowed a command; what "always allow" offers to save."""

from __future__ import annotations

from qwen_code.permissions.shell_parts import Part, quoted
from qwen_code.permissions.wrapper_table import SHELLS, WRAPPERS
from qwen_code.permissions.wrappers import command_name

_NEVER = SHELLS | frozenset(
    """python python2 python3 pypy pypy3 ipython node nodejs deno ruby irb perl php lua luajit Rscript osascript tclsh expect
    awk gawk mawk nawk npx bunx uvx pipx ssh source . eval exec env sudo su doas curl wget nc ncat socat telnet dd mkfs
    export set shopt enable alias trap pushd popd cd rm shred kill""".split()
)
"""Commands for which no rule is offered: interpreters and wrappers would run anything under it."""

_WITH_ARGUMENTS = frozenset(
    """npm test|npm run|npm ci|npm ls|pnpm test|pnpm run|yarn test|yarn run|pytest|tox|nox|ruff check|ruff format|mypy|pyright|black
    isort|flake8|pylint|eslint|prettier|tsc|jest|vitest|mocha|cargo test|cargo build|cargo check|cargo clippy|cargo fmt|go test
    go build|go vet|gofmt|make|cmake --build|ctest|mvn test|gradle test|dotnet test|dotnet build|git add|git commit|git stash
    git fetch|git switch|git branch|mkdir|touch""".replace("\n", "|").split("|")
)
"""Commands whose rule may leave the rest of the arguments open; of `npm run` and `make`, one target."""
_WITH_TARGET = frozenset({"npm run", "pnpm run", "yarn run", "make"})


def rule_for_command(part: Part, *, exactly: bool = False) -> str:
    """A rule for one command; empty when none should be saved."""
    name = part.name
    wrapper = WRAPPERS.get(command_name(part.fields[0])) if part.fields else None
    if not name or not name.isascii() or name.rpartition("/")[2] in _NEVER or "\n" in part.source:
        return ""
    if any(not field.literal or not field.exact for field in part.fields) or not part.canonical.isprintable():
        return ""
    texts = [field.text for field in part.fields]
    if wrapper and (not wrapper.verbs or set(texts[1:3]) & set(wrapper.verbs.split())):
        return ""
    if not exactly and (prefix := _prefix(texts)):
        return f"Bash({prefix} *)"
    text = part.canonical
    if "\\*" in text or text.endswith(":*"):
        return ""
    return "Bash(" + text.replace("*", "\\*") + ")"


def _prefix(texts: list[str]) -> str:
    for length in (2, 1):
        head = " ".join(texts[:length])
        if head in _WITH_ARGUMENTS and len(texts) >= length:
            if head not in _WITH_TARGET:
                return " ".join(map(quoted, texts[:length]))
            target = texts[length : length + 1]
            return f"{head} {target[0]}" if target and target[0].replace("-", "").replace(":", "").isalnum() and (
                not target[0].startswith("-")
            ) else ""
    return ""
