"""A small world to attack from a sandbox: a home with secrets, a project, a folder outside, servers."""

from __future__ import annotations

import asyncio
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from qwen_code.sandbox.base import Bounds, Network, Sandbox
from qwen_code.sandbox.choice import Chooser
from qwen_code.sandbox.environment import for_commands

SECRETS = {
    ".ssh/id_rsa": "CANARY_SSH",
    ".aws/credentials": "CANARY_AWS",
    ".config/gh/hosts.yml": "CANARY_GH",
    ".netrc": "CANARY_NETRC",
    ".npmrc": "CANARY_NPM",
    ".bash_history": "CANARY_HISTORY",
    ".qwen/oauth_creds.json": "CANARY_OWN",
}
ENVIRONMENT = {"OPENAI_API_KEY": "CANARY_ENV", "GITHUB_TOKEN": "CANARY_ENV2", "MY_PASSWORD": "CANARY_ENV3"}


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    text: str


class _Counting(socketserver.BaseRequestHandler):
    """Counts connections, and answers as a web server."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        server.hits += 1
        if isinstance(self.request, socket.socket):
            self.request.settimeout(2)
            try:
                self.request.recv(65536)
                body = server.says.encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                self.request.sendall(head.encode() + body)
            except OSError:
                return


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    hits = 0
    says = "HELLO"


class _UnixServer(_Server):
    address_family = socket.AF_UNIX
    server_address: str  # pyright: ignore[reportIncompatibleVariableOverride]


class _Udp(socketserver.UDPServer):
    hits = 0
    says = ""


@dataclass
class AttackRange:
    """`{NAME}` in a command stands for the place or port of that name, see `places`."""

    base: Path
    network: Network = field(default_factory=Network)

    def __post_init__(self) -> None:
        self.home, self.outside, self.workspace = (self.base / name for name in ("home", "outside", "work"))
        for path, text in SECRETS.items():
            _write(self.home / path, text)
        (self.home / ".gitconfig").write_text("[user]\n\tname = T\n\temail = t@example.invalid\n")
        _write(self.outside / "canary", "untouched")
        self.workspace.mkdir()
        for path, text in {
            "README.md": "hello\n",
            "test_ok.py": "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n",
            ".qwen/settings.json": "{}",
            ".gitmodules": "",
            "vendor/lib/a.txt": "a\n",
        }.items():
            _write(self.workspace / path, text)
        for folder in (self.workspace, self.workspace / "vendor" / "lib"):
            self._git(folder, "init", "-q", "-b", "main")
            self._git(folder, "add", "-A", ".")
            self._git(folder, "commit", "-q", "-m", "first")

    def _git(self, folder: Path, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, env=self.environment, check=True, capture_output=True)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **ENVIRONMENT, "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"}

    @property
    def bounds(self) -> Bounds:
        return Bounds((self.workspace,), self.home, self.home / ".qwen", self.network)

    @contextmanager
    def served(self) -> Generator[AttackRange]:
        """Servers on loopback that count who reaches them, and a process that nobody may harm."""
        tcp = _Server(("127.0.0.1", 0), _Counting)
        other = _Server(("127.0.0.2", tcp.server_address[1]), _Counting)
        unix = _UnixServer(str(self.base / "socket"), _Counting)  # pyright: ignore[reportArgumentType]
        abstract = _UnixServer(f"\0qwen-{os.getpid()}", _Counting)  # pyright: ignore[reportArgumentType]
        udp = _Udp(("127.0.0.1", 0), _Counting)
        self.servers: Mapping[str, _Server | _Udp] = {
            "allowed": tcp, "denied": other, "unix": unix, "abstract": abstract, "udp": udp
        }  # fmt: skip
        for server in self.servers.values():
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with subprocess.Popen(["sleep", "1000"]) as victim:
            self.victim = victim
            try:
                yield self
            finally:
                victim.kill()
                for server in self.servers.values():
                    server.shutdown()
                    server.server_close()

    @property
    def places(self) -> dict[str, str]:
        tcp, udp = self.servers["allowed"], self.servers["udp"]
        return {
            "WS": str(self.workspace), "HOME": str(self.home), "OUT": str(self.outside), "PY": sys.executable,
            "TCP": str(tcp.server_address[1]), "UDP": str(udp.server_address[1]), "UID": str(os.getuid()),
            "USOCK": str(self.base / "socket"), "ABS": f"qwen-{os.getpid()}", "VICTIM": str(self.victim.pid),
        }  # fmt: skip

    def fill_in(self, command: str) -> str:
        for name, value in self.places.items():
            command = command.replace(f"{{{name}}}", value)
        return command

    def hits(self) -> dict[str, int]:
        return {name: server.hits for name, server in self.servers.items()}

    def choose(self, network: Network | None = None) -> Chooser:
        bounds = self.bounds if network is None else replace(self.bounds, network=network)
        return Chooser(bounds, self.environment)

    def run(self, sandbox: Sandbox, command: str, shell: str = "bash") -> Outcome:
        return asyncio.run(self._run(sandbox, self.fill_in(command), shell))

    async def _run(self, sandbox: Sandbox, command: str, shell: str) -> Outcome:
        confined = sandbox.confine([shell, "-c", command], self.workspace)
        try:
            process = await asyncio.create_subprocess_exec(
                *confined.argv,
                cwd=self.workspace,
                env={**for_commands(self.environment), **confined.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=tuple(confined.descriptors),
            )
            await confined.spawned()
            async with asyncio.timeout(30):
                out, _ = await process.communicate()
        finally:
            confined.close()
        return Outcome(process.returncode or 0, out.decode("utf-8", "replace"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
