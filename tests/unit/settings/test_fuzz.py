"""Whatever is in a settings file, loading it succeeds or says what is wrong."""

from __future__ import annotations

import random
from pathlib import Path

from qwen_code.errors import ConfigurationError
from qwen_code.settings.describe import describe
from qwen_code.settings.layers import load_settings

GOOD = """{
  // every sort of value
  "$version": 4,
  "model": {"name": "m", "baseUrl": "http://localhost:1/v1", "apiKey": "$KEY", "maxToolCalls": -1,
    "generationConfig": {"timeout": 1000, "samplingParams": {"temperature": 0.5}, "maxRetries": 3,
      "customHeaders": {"X-Y": "z"}, "extra_body": {"a": [1, {"b": null}]}}},
  "modelProviders": {"openai": [{"id": "m", "envKey": "KEY", "generationConfig": {"timeout": 1}}]},
  "env": {"A": "b", "C": 1},
  "tools": {"approvalMode": "auto", "disabled": ["x"], "shell": {"defaultTimeoutMs": 5}},
  "permissions": {"allow": ["Bash(ls *)"], "deny": []},
  "context": {"fileName": ["A.md"], "autoCompactThreshold": 0.5},
  "ui": {"theme": "dark", "hideBanner": true}, /* end */
}
"""
PIECES = [
    "null", "true", "[]", "{}", "[[", "}", '"', "\\u0000", "\\ud800", "-1", "1e400", "9" * 400, "NaN", "//",
    "/*", "\n", "\x00", "\u00e9", "'", ",", ":", '"model": 3,', "x" * 2000, "[" * 200, "$A", "${", "\ufeff",
    "-0.0", "0.1",
]  # fmt: skip


def broken(rng: random.Random) -> bytes:
    data = bytearray(GOOD.encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                del data[at:]
            case 1:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                data[at:at] = rng.choice(PIECES).encode()
            case 3:
                del data[at : at + rng.randint(1, 30)]
            case _:
                end = at + rng.randint(1, 12)
                data[at:end] = rng.choice(PIECES).encode()
    return bytes(data)


def test_a_thousand_broken_settings_files_load_or_are_refused_with_file_and_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".qwen").mkdir(parents=True)
    path = home / ".qwen/settings.json"
    (project := tmp_path / "project").mkdir()
    loaded, refused = 0, 0
    for seed in range(1000):
        data = broken(random.Random(seed))
        path.write_bytes(data)
        (project / ".env").write_bytes(data[::-1])
        try:
            rows = describe(
                load_settings(cwd=project, home=home, environ={"KEY": "k"}, flags={}, trusted=bool(seed % 2))
            )
        except ConfigurationError as error:
            message = str(error)
        else:
            message = ""
            loaded += bool(rows)
        if message:
            refused += 1
            assert message.startswith(f"{path}:"), (seed, message)
            assert message.removeprefix(f"{path}:").partition(":")[0].isdigit(), (seed, message)
            assert "\n" not in message
    assert loaded > 50
    assert refused > 300
