"""Packages to evaluate with, and how they get onto a disk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from mini_model.project import Project, make_project
from mini_model.pytest_output import run_tests
from mini_model.tasks.base import all_tasks


def write_to(project: Project, folder: Path) -> None:
    """A project as files."""
    for path, text in project.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


def packages(count: int, seed: int = 777) -> Iterator[Project]:
    """Generated packages with one bug each, which no training has seen.

    Modules that were written as they are are left out: with other names they are still the same.
    """
    tasks, number = [task for task in all_tasks() if not task.is_written], 0
    while count:
        rng = random.Random(f"evaluation/{seed}/{number}")
        number += 1
        project = make_project(rng, tasks, size=0.85)
        if project is None:
            continue
        outcome = run_tests(project, rng)
        if outcome is not None and not outcome.passed:
            count -= 1
            yield project
