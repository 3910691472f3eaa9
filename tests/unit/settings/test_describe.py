from __future__ import annotations

from pathlib import Path

from qwen_code.settings.describe import describe
from qwen_code.settings.keys import KEYS
from qwen_code.settings.layers import load_settings
from qwen_code.settings.reference import fill

KEY = "sk-0123456789abcdefWXYZ"


def test_secrets_are_masked_wherever_they_are(tmp_path: Path) -> None:
    rows = describe(
        load_settings(
            cwd=tmp_path,
            home=tmp_path,
            environ={"OPENAI_API_KEY": KEY, "QWEN_CODE_PROXY": f"http://u:{KEY}@p:1"},
            flags={"model.generationConfig.customHeaders": {"Authorization": f"Bearer {KEY}", "X": "short"}},
            trusted=True,
        )
    )
    shown = {row.key: row.value for row in rows}
    assert shown["model.apiKey"] == "***WXYZ"
    assert KEY[:12] not in str(shown)
    assert shown["model.generationConfig.customHeaders"] == '{"Authorization": "***WXYZ", "X": "***"}'


def test_values_are_shown_as_a_file_would_have_them(tmp_path: Path) -> None:
    flags: dict[str, object] = {
        "model.generationConfig.timeout": 1500,
        "model.generationConfig.maxRetries": 0,
        "model.maxToolCalls": -1,
        "tools.shell.defaultTimeoutMs": 333,
    }
    rows = describe(load_settings(cwd=tmp_path, home=tmp_path, environ={}, flags=flags, trusted=True))
    shown = {row.key: row.value for row in rows}
    assert {name: shown[name] for name in flags} == {name: str(value) for name, value in flags.items()}
    assert shown["model.generationConfig.contextWindowSize"] == ""


def test_there_is_a_row_for_every_field_and_each_field_has_one_name(tmp_path: Path) -> None:
    rows = describe(load_settings(cwd=tmp_path, home=tmp_path, environ={}, flags={}, trusted=True))
    assert len(rows) == len({key.field for key in KEYS})


def test_the_documentation_has_the_table_of_this_version() -> None:
    document = Path(__file__).parents[3] / "docs/settings.md"
    text = document.read_text("utf-8")
    assert fill(text) == text, "run: python -m qwen_code.settings.reference docs/settings.md"
