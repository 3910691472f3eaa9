"""Commands that destroy a machine or a home directory: asked for in every mode, whatever the rules say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from qwen_code.permissions.name_tables import listed
from qwen_code.permissions.places import NOWHERE, Places, contains
from qwen_code.permissions.shell_fields import Field
from qwen_code.permissions.wrappers import command_name

_SYSTEM = listed(
    """
    / /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys
    /usr /var /Users /System /Library /Applications /Volumes /private /usr/bin /usr/lib /usr/local
    /var/lib /etc/ssh
    """
)
_DISK = re.compile(
    r"/dev/(?:[shv]d[a-z]|nvme[0-9]|mmcblk[0-9]|disk[0-9]|rdisk[0-9]|dm-|mapper/|loop[0-9]|md[0-9])[\w/-]*"
)
_FIND_OPTION = re.compile(r"-[LHP]|-O[0-9]|-D.*")
_RECURSIVE = re.compile(r"-[a-zA-Z]*[rR][a-zA-Z]*|--recursive")


def catastrophe(fields: Sequence[Field], directories: Sequence[str], places: Places) -> str:
    """Why this command may be a disaster; empty when it is an ordinary one."""
    name, arguments = command_name(fields[0]), fields[1:]
    texts = [field.text for field in arguments]
    if name.startswith("mkfs") or name in ("wipefs", "blkdiscard"):
        return f"{name} erases a disk"
    if name == "dd" and any(text.startswith("of=") and _DISK.match(text[3:]) for text in texts):
        return "it writes to a disk directly"
    if name in ("shred", "tee", "cp", "mv") and any(_DISK.fullmatch(text) for text in texts):
        return "it writes to a disk directly"
    recursive = any(_RECURSIVE.fullmatch(text) for text in texts)
    if name == "find" and any(text in ("-delete", "-exec", "-execdir") for text in texts):
        removes = "-delete" in texts or any(
            text.rpartition("/")[2] in ("rm", "shred", "unlink") for text in texts
        )
        return (
            _first_root(_find_roots(arguments), directories, places, "removes everything in")
            if removes
            else ""
        )
    unknown_name = not fields[0].known and recursive and "f" in "".join(t for t in texts if t.startswith("-"))
    if (name in ("rm", "chmod", "chown", "chgrp") and recursive) or unknown_name:
        operands = [field for field in arguments if not (field.known and field.text.startswith("-"))]
        verb = "removes everything in" if name not in ("chmod", "chown", "chgrp") else "changes everything in"
        return _first_root(operands, directories, places, verb, workspace=name == "rm")
    if name == "mv":
        return _first_root(arguments[:-1], directories, places, "moves")
    return ""


def is_disk(path: str) -> bool:
    """Is this a device that holds a file system?"""
    return bool(_DISK.fullmatch(path))


def _find_roots(arguments: Sequence[Field]) -> Sequence[Field]:
    start = next((at for at, f in enumerate(arguments) if not _FIND_OPTION.fullmatch(f.text)), len(arguments))
    roots: list[Field] = []
    for field in arguments[start:]:
        if field.text.startswith("-") or field.text in ("(", "!"):
            break
        roots.append(field)
    return roots


def _first_root(
    fields: Sequence[Field],
    directories: Sequence[str],
    places: Places,
    verb: str,
    *,
    workspace: bool = False,
) -> str:
    """What the first operand destroys that is too much; `workspace` counts the workspace itself, too."""
    for field in fields:
        if field.kind == "dynamic":
            if _may_be_root(field):
                return f"it {verb} {field.text}, which may be the root or home directory"
            continue
        for directory in directories:
            if directory == NOWHERE and not field.text.startswith("/") and not field.text.strip("*./?"):
                return f"it {verb} a folder that is only known when it runs"
            path = posixpath.normpath(posixpath.join(directory, field.text))
            path = "/" + path.lstrip("/")
            folder, _, last = path.rpartition("/")
            if last and (set(last) <= set("*.?") or (field.kind == "glob" and not folder)):
                path = folder or "/"
            if _is_root(path, places, workspace=workspace):
                return f"it {verb} {path}"
    return ""


def _is_root(path: str, places: Places, *, workspace: bool) -> bool:
    above = any(contains(path, root) for root in (*places.roots, places.home))
    own = path in places.roots and not contains(path, places.home)
    return path in _SYSTEM or (above and (workspace or not own))


def _may_be_root(field: Field) -> bool:
    """Would an empty or unlucky value make this the root? `$X/`, `$X/*`, `"$(x)"`; not `$X/build`."""
    if field.text.startswith("~"):
        return True
    if field.head.strip("/"):
        return False
    if field.tail.strip("/*."):
        return False
    return bool(field.tail) or bool(field.head) or "$(" in field.text or "`" in field.text
