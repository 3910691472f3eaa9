"""What pytest prints when it can't test: no tests, no pytest, files that can't be imported."""

from __future__ import annotations

import random

from mini_model.names import invented, noun
from mini_model.pytest_output import IMPORTING, centred


def no_tests(rng: random.Random) -> str:
    """Nothing was collected."""
    return f"\nno tests ran in {rng.randint(1, 9) / 100:.2f}s\n[exit code 5]"


def no_pytest(rng: random.Random) -> str:
    """The command itself fails."""
    where = rng.choice(
        (
            "/usr/bin/python",
            "/usr/bin/python3",
            f"/home/{noun(rng)}/.venv/bin/python",
            "/usr/local/bin/python",
        )
    )
    return rng.choice(
        (
            f"{where}: No module named pytest\n[exit code 1]",
            "bash: line 1: python: command not found\n[exit code 127]",
            "/bin/bash: line 1: python: command not found\n[exit code 127]",
            "bash: python: command not found\n[exit code 127]",
            "/bin/sh: 1: python: not found\n[exit code 127]",
            "sh: python: not found\n[exit code 127]",
        )
    )


def unreadable(rng: random.Random) -> str:
    """A module can't be imported."""
    module, function = noun(rng), f"{noun(rng)}_{invented(rng)}"
    test = rng.choice((f"tests/test_{module}.py", f"test_{module}.py", f"test/{module}_test.py"))
    path = rng.choice((f"{module}.py", f"src/{module}.py", f"{noun(rng)}/{module}.py"))
    line = rng.randint(2, 40)
    head = f"\n{centred('=', ' ERRORS ')}\n{centred('_', f' ERROR collecting {test} ')}\n"
    tail = f"\n{centred('!', ' stopping after 1 failures ')}\n{centred('!', ' Interrupted: 1 error during collection ')}\n1 error in {rng.randint(5, 30) / 100:.2f}s\n[exit code 2]"
    tail = (
        tail
        if rng.random() < 0.8
        else tail.replace(f"{centred('!', ' Interrupted: 1 error during collection ')}\n", "")
    )
    importing = (
        f"ImportError while importing test module '/home/{noun(rng)}/{noun(rng)}/{test}'.\nHint: make sure your test modules/packages have valid Python names.\nTraceback:\n"
        f"/usr/lib/python3.1{rng.randint(1, 4)}/importlib/__init__.py:{rng.choice((88, 90, 126))}: in import_module\n    return _bootstrap._gcd_import(name[level:], package, level)\n"
        f"           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n{test}:1: in <module>\n    from {module} import {function}\n"
    )
    kind = rng.random()
    if kind < 0.25:
        return f"{head}{importing}E   ModuleNotFoundError: No module named '{module}'{tail}"
    if kind < 0.4:
        return f"{head}{importing}E   ImportError: cannot import name '{function}' from '{module}' (/home/{noun(rng)}/{path}){tail}"
    if kind < 0.55:
        return f"{head}{test}:{rng.randint(1, 4)}: in <module>\n    from {module} import {function}\n{path}:{line}: in <module>\n    {noun(rng)} = {noun(rng)}\nE   NameError: name '{noun(rng)}' is not defined{tail}"
    wrong, complaint = rng.choice(
        (
            (f"    def {function}({noun(rng)})", "SyntaxError: expected ':'"),
            (f"    return {noun(rng)} +", "SyntaxError: invalid syntax"),
            (
                f"    if {noun(rng)} = {rng.randint(0, 9)}:",
                "SyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
            ),
            (f"    {noun(rng)} = ({noun(rng)}", "SyntaxError: '(' was never closed"),
            (f"    {noun(rng)} = [1, 2", "SyntaxError: '[' was never closed"),
            (f"    retrun {noun(rng)}", "SyntaxError: invalid syntax"),
            (f"      return {noun(rng)}", "IndentationError: unexpected indent"),
            (
                f"    return {noun(rng)}",
                "IndentationError: expected an indented block after function definition on line 1",
            ),
            (
                f'    {noun(rng)} = "{noun(rng)}',
                "SyntaxError: unterminated string literal (detected at line 3)",
            ),
            (f"    for {noun(rng)} in {noun(rng)}", "SyntaxError: expected ':'"),
            ("    else", "SyntaxError: expected ':'"),
            (f"    return {noun(rng)})", "SyntaxError: unmatched ')'"),
        )
    )
    absolute = f"/home/{noun(rng)}/{noun(rng)}/{path}"
    frames = rng.choice(IMPORTING)
    return f'{head}{frames}{test}:{rng.randint(1, 4)}: in <module>\n    from {module} import {function}\nE     File "{absolute}", line {line}\nE   {wrong}\nE       {" " * rng.randint(3, 20)}^\nE   {complaint}{tail}'
