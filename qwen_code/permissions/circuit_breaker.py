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
        end = next((at for at, text in enumerate(texts) if text.startswith("-")), len(texts))
        return _first_root(arguments[:end], directories, places, "removes everything in") if removes else ""
    unknown_name = not fields[0].known and recursive and "f" in "".join(t for t in texts if t.startswith("-"))
    if (name in ("rm", "chmod", "chown", "chgrp") and recursive) or unknown_name:
        operands = [field for field in arguments if not (field.known and field.text.startswith("-"))]
        verb = "removes everything in" if name not in ("chmod", "chown", "chgrp") else "changes everything in"
        return _first_root(operands, directories, places, verb)
    if name == "mv":
        return _first_root(arguments[:-1], directories, places, "moves")
    return ""


def _first_root(fields: Sequence[Field], directories: Sequence[str], places: Places, verb: str) -> str:
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
            last = path.rpartition("/")[2]
            if set(last) <= set("*.?") and last:
                path = path[: -len(last)].rstrip("/") or "/"
            if _is_root(path, places):
                return f"it {verb} {path}"
    return ""


def _is_root(path: str, places: Places) -> bool:
    above = [root for root in (*places.roots, places.home) if contains(path, root)]
    own = path in places.roots and not contains(path, places.home)
    return path in _SYSTEM or (bool(above) and not own)


def _may_be_root(field: Field) -> bool:
    """Would an empty or unlucky value make this the root? `$X/`, `$X/*`, `"$(x)"`; not `$X/build`."""
    if field.text.startswith("~"):
        return True
    if field.head.strip("/"):
        return False
    if field.tail.strip("/*."):
        return False
    return bool(field.tail) or bool(field.head) or "$(" in field.text or "`" in field.text
