"""Runs inside the sandbox, just before the command: what can only be done by the process itself.

Started as `python -I -S launch.py [--proxy FD] [--landlock FD] [--filter FD] -- COMMAND...`, by its path and
without `site`, so it imports nothing of this package and starts in milliseconds. It ends by becoming the
command.

--proxy     opens a listening socket in this network namespace, hands it out through the socket FD
            (SCM_RIGHTS, unix(7)), waits until somebody serves it, and points the proxy variables to it.
--landlock  enters the Landlock ruleset FD (landlock(7)), for good.
--filter    installs the seccomp program that FD holds; with it or a ruleset, the command is also killed when
            the process that started it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would take longer than everything here
    from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 38, 22, 24
_KEPT_CAPABILITIES = (0, 1, 3)
"""To write to files of others, as root in containers does: CHOWN, DAC_OVERRIDE, FOWNER (capabilities(7))."""
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x20080522
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_RESTRICT_SELF = 446
_BACKLOG = 64
_SIGKILL = 9
"""Said here, since `signal` imports much."""
_FAILED = 126

PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
DIRECT = "localhost,127.0.0.1,::1"
"""What listens in the namespace itself needs no proxy."""


def main(arguments: list[str]) -> None:
    """Do what the options say, then become the command behind `--`."""
    end = arguments.index("--")
    options = dict(_pairs(arguments[:end]))
    command = arguments[end + 1 :]
    if "--proxy" in options:
        _hand_out_socket(options["--proxy"])
    if "--landlock" in options or "--filter" in options:
        _confine(options.get("--landlock"), options.get("--filter"))
    os.execvp(command[0], command)


def _pairs(options: list[str]) -> Iterator[tuple[str, int]]:
    for index in range(0, len(options), 2):
        yield options[index], int(options[index + 1])


def _hand_out_socket(descriptor: int) -> None:
    import _socket  # `socket` itself takes as long to import as all of this

    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    outside = _socket.socket(fileno=descriptor)
    handed_out = listener.fileno().to_bytes(4, sys.byteorder)
    outside.sendmsg([b"s"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handed_out)])
    if not outside.recv(1):
        raise OSError("nobody serves the network proxy")
    outside.close()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    os.environ.update(dict.fromkeys(PROXY_VARIABLES, url))
    os.environ.update({"no_proxy": DIRECT, "NO_PROXY": DIRECT, "NODE_USE_ENV_PROXY": "1"})


def _confine(ruleset: int | None, program: int | None) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)

    def check(result: int, what: str) -> None:
        if result:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    parent = os.getppid()
    check(library.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        os._exit(_FAILED)
    if os.geteuid() == 0:
        _drop_capabilities(library, check)
    check(library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    if ruleset is not None:
        numbers = [ctypes.c_long(_LANDLOCK_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint(0)]
        check(library.syscall(*numbers), "landlock_restrict_self")
        os.close(ruleset)
    if program is not None:
        code = os.pread(program, 1 << 16, 0)
        os.close(program)

        class Program(ctypes.Structure):
            """`struct sock_fprog`."""

            _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

        buffer = ctypes.create_string_buffer(code, len(code))
        wanted = Program(len(code) // 8, ctypes.addressof(buffer))
        check(library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0), "seccomp")


def _drop_capabilities(library: Any, check: Callable[[int, str], None]) -> None:
    """Root's, one of which lets it look into every process whatever Landlock says (CAP_PERFMON)."""
    import ctypes
    import struct

    for number in set(range(_CAPABILITIES)) - set(_KEPT_CAPABILITIES):
        library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # fails for those that the kernel does not know
    kept = sum(1 << number for number in _KEPT_CAPABILITIES)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    check(
        library.capset(ctypes.c_char_p(header), ctypes.c_char_p(struct.pack("=6I", kept, kept, *[0] * 4))),
        "capset",
    )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        print(f"qwen-code: the sandbox could not be entered: {error}", file=sys.stderr)
        os._exit(_FAILED)
