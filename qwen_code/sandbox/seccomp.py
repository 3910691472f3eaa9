"""The system call filter of the sandbox, as a classic BPF program (seccomp(2), bpf(4)), assembled by hand.

It takes away what namespaces and read-only mounts leave open: sockets of families that reach other programs
without a network (a read-only mount does not stop `connect` to a unix socket), new user namespaces, reading
other processes, and typing into the terminal. Numbers: Linux, `unistd_64.h` and `asm-generic/unistd.h`.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from typing import Final

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERROR: Final = 0x00050000


def _argument(index: int) -> int:
    """Offset of an argument's lower half; the kernel reads no more of those that are looked at here."""
    return 16 + 8 * index


_X32: Final = 0x40000000
_CLONE_NEWUSER: Final = 0x10000000
_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}
"""Calls that are younger than the common numbering."""

_X86_64 = {
    "socket": 41, "clone": 56, "ptrace": 101, "ioctl": 16, "pivot_root": 155, "chroot": 161, "mount": 165,
    "umount2": 166, "swapon": 167, "init_module": 175, "delete_module": 176, "kexec_load": 246,
    "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
}  # fmt: skip
_AARCH64 = {
    "socket": 198, "clone": 220, "ptrace": 117, "ioctl": 29, "pivot_root": 41, "chroot": 51, "mount": 40,
    "umount2": 39, "swapon": 224, "init_module": 105, "delete_module": 106, "kexec_load": 104,
    "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241,
    "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
    "finit_module": 273, "kexec_file_load": 294, "bpf": 280, "userfaultfd": 282,
}  # fmt: skip

_LOOKED_INTO = ("socket", "clone", "unshare", "ioctl", "clone3")
"""Denied by their arguments, not by their name."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What differs between processors. `audit` is the AUDIT_ARCH value of linux/audit.h."""

    audit: int
    calls: dict[str, int]
    has_x32: bool = False


MACHINES: dict[str, Machine] = {
    "x86_64": Machine(0xC000003E, {**_SAME_EVERYWHERE, **_X86_64}, has_x32=True),
    "aarch64": Machine(0xC00000B7, {**_SAME_EVERYWHERE, **_AARCH64}),
}


def program(machine: str, *, sockets: bool = True) -> bytes | None:
    """The filter for `machine` (as `os.uname().machine` says it); None for one that is not known.

    With `sockets` off no socket at all can be opened, for where there is no network namespace.
    """
    known = MACHINES.get(machine)
    return None if known is None else _assemble(known, sockets)


def _assemble(machine: Machine, sockets: bool) -> bytes:
    """Jumps are relative and forwards only, so each test carries its own answer right behind it."""
    calls = machine.calls
    code = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, machine.audit, 1, 0), _step(_RETURN, _KILL)]
    code.append(_step(_LOAD, _NUMBER))
    if machine.has_x32:
        code += [_step(_AT_LEAST, _X32, 0, 1), _deny(errno.ENOSYS)]
    for name in sorted(calls.keys() - set(_LOOKED_INTO)):
        code += [_step(_EQUAL, calls[name], 0, 1), _deny(errno.EPERM)]
    # Its flags lie in memory, where a filter can't look; C libraries then fall back to clone.
    code += [_step(_EQUAL, calls["clone3"], 0, 1), _deny(errno.ENOSYS)]
    for name in ("clone", "unshare"):
        code += _when(calls[name], _load_argument(0, (_ANY_BIT, _CLONE_NEWUSER)))
    code += _when(calls["ioctl"], _load_argument(1, (_EQUAL, _TIOCSTI), (_EQUAL, _TIOCLINUX)))
    families = (_AF_INET, _AF_INET6, _AF_NETLINK) if sockets else ()
    code += _when(calls["socket"], _only_families(families))
    code.append(_step(_RETURN, _ALLOW))
    return b"".join(code)


def _when(number: int, then: list[bytes]) -> list[bytes]:
    """`then` for this call, all others go on behind it."""
    return [_step(_EQUAL, number, 0, len(then)), *then]


def _load_argument(index: int, *denied: tuple[int, int]) -> list[bytes]:
    """Deny the call when one of the tests holds of the argument, else allow it."""
    code = [_step(_LOAD, _argument(index))]
    for test, value in denied:
        code += [_step(test, value, 0, 1), _deny(errno.EPERM)]
    return [*code, _step(_RETURN, _ALLOW)]


def _only_families(families: tuple[int, ...]) -> list[bytes]:
    code = [_step(_LOAD, _argument(0))]
    for family in families:
        code += [_step(_EQUAL, family, 0, 1), _step(_RETURN, _ALLOW)]
    return [*code, _deny(errno.EPERM)]


def _deny(number: int) -> bytes:
    return _step(_RETURN, _ERROR | number)


def _step(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One `struct sock_filter`."""
    return struct.pack("=HBBI", operation, if_true, if_false, value)
