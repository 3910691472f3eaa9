"""A home, a project and a system folder of one test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from qwen_code.settings.layers import load_settings
from qwen_code.settings.loaded import LoadedSettings


class Place:
    """A home, a project and a system folder to put settings into."""

    def __init__(self, root: Path) -> None:
        self.home, self.cwd, self.system = root / "home", root / "proj", root / "etc"
        for folder in (self.home, self.cwd, self.system):
            folder.mkdir()
        self.environ = {
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.system / "settings.json"),
            "QWEN_CODE_SYSTEM_DEFAULTS_PATH": str(self.system / "defaults.json"),
        }

    def user(self, content: object) -> Path:
        return self.put(self.home / ".qwen/settings.json", content)

    def project(self, content: object) -> Path:
        return self.put(self.cwd / ".qwen/settings.json", content)

    def put(self, path: Path, content: object) -> Path:
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def load(
        self,
        environ: Mapping[str, str] | None = None,
        flags: dict[str, object] | None = None,
        trusted: bool = True,
    ) -> LoadedSettings:
        return load_settings(
            cwd=self.cwd,
            home=self.home,
            environ=self.environ | dict(environ or {}),
            flags=flags or {},
            trusted=trusted,
        )
