from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from qwen_code.permissions.decision import Mode
from qwen_code.settings.describe import describe
from qwen_code.settings.keys import APPROVAL_MODES, KEYS
from qwen_code.settings.loaded import LoadedSettings
from tests.unit.settings.place import Place


def origin(loaded: LoadedSettings, key: str) -> str:
    return next(str(row.origin) for row in describe(loaded) if row.key == key)


def test_without_files_and_variables_everything_is_default(place: Place) -> None:
    loaded = place.load()
    assert loaded.settings.model.max_retries == 4
    assert (loaded.origins, loaded.unknown, loaded.problems) == ({}, (), ())


def test_each_layer_beats_the_one_below(place: Place) -> None:
    key = "ui.theme"
    seen: list[tuple[str, str]] = []

    def look(environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> None:
        loaded = place.load(environ, flags)
        seen.append((loaded.settings.ui.theme, origin(loaded, key)))

    defaults = place.put(place.system / "defaults.json", '{"ui": {"theme": "1"}}')
    look()
    user = place.user('{\n"ui": {\n"theme": "2"}}')
    look()
    project = place.project('{"ui": {"theme": "3"}}')
    look()
    system = place.put(place.system / "settings.json", '{"ui": {"theme": "4"}}')
    look()
    env_file = place.put(place.home / ".qwen/.env", "# mine\nQWEN_CODE_UI_THEME=5\n")
    look()
    project_env = place.put(place.cwd / ".env", "QWEN_CODE_UI_THEME='6'\n")
    look()
    look({"QWEN_CODE_UI_THEME": "7"})
    look({"QWEN_CODE_UI_THEME": "7"}, {"ui.theme": "8"})
    assert seen == [
        ("1", f"{defaults}:1"),
        ("2", f"{user}:3"),
        ("3", f"{project}:1"),
        ("4", f"{system}:1"),
        ("5", f"{env_file}:2"),
        ("6", f"{project_env}:1"),
        ("7", "environment variable QWEN_CODE_UI_THEME"),
        ("8", "command line"),
    ]


def test_units_and_names_of_qwen_code_reach_their_fields(place: Place) -> None:
    place.user(
        """{
        // as Qwen Code writes it
        "$version": 4,
        "model": {
            "name": "m", "maxSessionTurns": -1, "maxWallTimeSeconds": 90, "maxToolCalls": 7,
            "generationConfig": {
                "timeout": 1500, "maxRetries": 2, "contextWindowSize": 65536, "streamIdleTimeoutMs": 500,
                "samplingParams": {"temperature": 0.5, "top_k": 20, "max_tokens": 100,},
                "extra_body": {"a": [1]}, "customHeaders": {"X-A": "b"},
            },
        },
        "tools": {"shell": {"defaultTimeoutMs": 1000}, "approvalMode": "auto_edit", "exclude": ["web_fetch"],
                  "truncateToolOutputLines": -1},
        "permissions": {"allow": ["Bash(ls)"]},
        "context": {"fileName": "A.md", "includeDirectories": ["~/lib", "/x"],
                    "fileFiltering": {"respectGitIgnore": false}},
        "general": {"vimMode": true}, "ui": {"accessibility": {"screenReader": true}},
        "mcpServers": {"x": {"command": "y"}}, "telemetry": {"enabled": false},
    }"""
    )
    loaded = place.load(trusted=False)
    settings = loaded.settings
    assert (settings.model.timeout_s, settings.model.stream_idle_timeout_s) == (1.5, 0.5)
    assert (settings.model.max_retries, settings.model.context_window) == (3, 65536)
    assert settings.model.sampling.temperature == 0.5
    assert settings.model.sampling.top_k == 20
    assert settings.model.extra_body == {"a": [1]}
    assert settings.limits.max_session_turns is None
    assert (settings.limits.max_wall_time_s, settings.limits.max_tool_calls) == (90, 7)
    assert (settings.tools.approval_mode, settings.tools.shell_timeout_s) == ("auto-edit", 1.0)
    assert settings.tools.output_lines > 10**9
    assert settings.permissions.deny == ("web_fetch",)
    assert settings.context.file_names == ("A.md",)
    assert settings.context.include_directories == (str(place.home / "lib"), "/x")
    assert settings.ui.vim_mode
    assert settings.ui.screen_reader
    assert all(key.foreign for key in loaded.unknown)
    assert {key.path for key in loaded.unknown} == {"mcpServers", "telemetry"}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_setting_can_be_given_in_a_file_a_variable_and_a_flag(place: Place, key: Any) -> None:
    examples: list[Any] = [
        3, 2048, 0.5, True, "http://localhost:1", "yolo", "q8_0", "off", "x", ["x"], {"X": "y"}, "http://p:1",
    ]  # fmt: skip

    def fits(value: Any) -> bool:
        try:
            key.kind.read(value)
        except ValueError:
            return False
        return True

    value = next(example for example in examples if fits(example))
    nested: Any = value
    for name in reversed(key.path.split(".")):
        nested = {name: nested}
    by_flag = place.load(flags={key.path: value})
    text = value if isinstance(value, str) else json.dumps(value)
    by_variable = place.load({key.variable: text})
    place.user(nested)
    by_file = place.load()
    assert by_file.settings == by_variable.settings == by_flag.settings
    assert by_file.origins[key.field].layer == "user"
    assert by_file.origins[key.field].line == 1
    assert by_variable.origins[key.field].place == key.variable
    assert by_flag.origins[key.field].layer == "flag"


def test_rules_of_all_layers_add_up_and_each_knows_its_place(place: Place) -> None:
    user = place.user({"permissions": {"allow": ["Bash(a)", "Bash(b, c)"], "deny": ["Read(.env)"]}})
    project = place.project({"permissions": {"allow": ["Bash(d)", "Bash(a)"]}})
    loaded = place.load({"QWEN_CODE_PERMISSIONS_ALLOW": "Bash(e, f), Edit"}, {"permissions.allow": ["Read"]})
    assert loaded.settings.permissions.allow == (
        "Bash(a)", "Bash(b, c)", "Bash(d)", "Bash(e, f)", "Edit", "Read",
    )  # fmt: skip
    rows = [(row.value, str(row.origin)) for row in describe(loaded) if row.key == "permissions.allow"]
    assert rows[0] == ('"Bash(a)"', f"{user}:1")
    assert rows[2] == ('"Bash(d)"', f"{project}:1")
    assert rows[-1] == ('"Read"', "command line")


def test_an_untrusted_project_can_only_forbid(place: Place) -> None:
    path = place.project(
        {
            "permissions": {"allow": ["Bash"], "ask": ["Edit"], "deny": ["Read(.env)"]},
            "tools": {"disabled": ["web_fetch"], "approvalMode": "auto"},
            "agent": {"verify": "curl evil"},
            "env": {"QWEN_CODE_AGENT_VERIFY": "curl evil"},
        }
    )
    place.put(place.cwd / ".env", "QWEN_CODE_AGENT_VERIFY=curl evil\n")
    loaded = place.load(trusted=False)
    settings = loaded.settings
    assert (settings.permissions.allow, settings.permissions.ask, settings.permissions.deny) == (
        (), ("Edit",), ("Read(.env)",),
    )  # fmt: skip
    assert settings.tools.disabled == ("web_fetch",)
    assert (settings.tools.approval_mode, settings.agent.verify) == ("", "")
    assert [p for p in loaded.problems if str(path) in p and "not trusted" in p]


ENDPOINT: dict[str, Any] = {
    "model": {"baseUrl": "http://evil", "apiKey": "stolen", "provider": "evil",
              "generationConfig": {"customHeaders": {"A": "b"}, "extra_body": {"a": 1}}},
    "security": {"auth": {"baseUrl": "http://evil", "apiKey": "stolen"}},
    "modelProviders": {"openai": [{"id": "m", "baseUrl": "http://evil", "envKey": "OPENAI_API_KEY"}]},
    "proxy": "http://evil:1", "caFile": "evil.pem",
    "env": {"OPENAI_BASE_URL": "http://evil", "QWEN_CODE_PROXY": "http://evil:1", "OPENAI_API_KEY": "k"},
}  # fmt: skip


def test_not_even_a_trusted_project_names_the_endpoint_or_the_key(place: Place) -> None:
    place.project(ENDPOINT)
    for file in (place.cwd / ".env", place.cwd / ".qwen/.env"):
        place.put(
            file,
            "OPENAI_BASE_URL=http://evil\nOPENAI_API_KEY=k\nOPENAI_MODEL=evil\nQWEN_CODE_MODEL_BASE_URL=http://evil\n"
            "QWEN_HOME=/evil\nHTTPS_PROXY=http://evil\nHOST=evil\n",
        )
    place.user({"model": {"name": "m", "baseUrl": "http://${HOST}/v1"}})
    loaded = place.load({"HOST": "good"})
    model = loaded.settings.model
    assert (model.name, model.base_url, model.api_key, model.provider) == ("m", "http://good/v1", "", "")
    assert (model.custom_headers, model.extra_body) == ({}, {})
    assert (loaded.settings.proxy, loaded.settings.ca_file) == ("", "")
    assert "evil" not in str(loaded.variables)
    assert len([p for p in loaded.problems if "a project's files can't set that" in p]) == 10
    assert place.load().settings.model.base_url == ""


@pytest.mark.parametrize("value", ["yolo", " yolo "])
def test_not_even_a_trusted_project_turns_questions_or_the_sandbox_off(place: Place, value: str) -> None:
    place.project({"tools": {"approvalMode": value}, "sandbox": {"enabled": False}})
    place.put(place.cwd / ".env", f'QWEN_CODE_TOOLS_APPROVAL_MODE="{value}"\nQWEN_CODE_SANDBOX_ENABLED=0\n')
    loaded = place.load()
    assert loaded.settings.tools.approval_mode == ""
    assert loaded.settings.sandbox.enabled
    assert len(loaded.problems) == 4


@pytest.mark.parametrize("name", ["openrouter:some/model", "scripted:attack.yaml"])
def test_not_even_a_trusted_project_chooses_a_provider_through_the_models_name(
    place: Place, name: str
) -> None:
    place.project({"model": {"name": name}})
    place.put(place.cwd / ".env", f"QWEN_CODE_MODEL_NAME={name}\n")
    assert place.load().settings.model.name == ""
    place.project({"model": {"name": "qwen3-coder-plus"}})
    assert place.load().settings.model.name == "qwen3-coder-plus"


def test_a_project_that_is_the_home_directory_is_the_persons(place: Place) -> None:
    place.user({"model": {"baseUrl": "http://mine"}})
    place.cwd = place.home
    assert place.load(trusted=False).settings.model.base_url == "http://mine"


def test_variables_in_a_persons_file_are_replaced_where_they_stand_for_values(place: Place) -> None:
    user = place.user(
        '{"model": {"apiKey": "$KEY", "name": "${A}-b"},\n'
        '"agent": {"verify": "test $A"},\n"caFile": "$NOT_SET/x"}'
    )
    loaded = place.load({"KEY": "k1", "A": "a"})
    assert (loaded.settings.model.api_key, loaded.settings.model.name) == ("k1", "a-b")
    assert loaded.settings.agent.verify == "test $A"
    assert loaded.settings.ca_file == ""
    assert loaded.problems == (f"{user}:3: `caFile` is ignored: the variable NOT_SET is not set.",)


def test_the_section_env_fills_variables_that_are_not_set(place: Place) -> None:
    place.user(
        {"env": {"DASHSCOPE_API_KEY": "d", "QWEN_CODE_DEBUG": 1}, "model": {"apiKey": "$DASHSCOPE_API_KEY"}}
    )
    assert place.load().settings.model.api_key == "d"
    assert place.load().settings.debug
    assert place.load({"DASHSCOPE_API_KEY": "e"}).settings.model.api_key == "e"
    assert place.load({"DASHSCOPE_API_KEY": "e"}).variables["DASHSCOPE_API_KEY"] == "e"


def test_unknown_names_are_kept_and_reported_with_what_was_perhaps_meant(place: Place) -> None:
    path = place.user('{"model": {"maxSesionTurns": 3},\n"zzz": {"deep": 1}, "approvalMode": "yolo"}')
    before = path.read_bytes()
    unknown = place.load({"QWEN_CODE_DEBUGG": "1"}).unknown
    assert [(u.path, u.suggestion, u.foreign) for u in unknown] == [
        ("QWEN_CODE_DEBUGG", "QWEN_CODE_DEBUG", False),
        ("model.maxSesionTurns", "model.maxSessionTurns", False),
        ("zzz", "", False),
        ("approvalMode", "tools.approvalMode", False),
    ]
    assert str(unknown[2].origin) == f"{path}:2"
    assert path.read_bytes() == before


def test_the_modes_that_settings_know_are_those_of_the_gate() -> None:
    assert set(APPROVAL_MODES) == {mode.value for mode in Mode}


def test_settings_without_files_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom qwen_code.settings.layers import load_settings\n"
        "nowhere = Path('/dev/null')\n"
        "load_settings(cwd=nowhere, home=nowhere, environ={'OPENAI_API_KEY': 'k'}, flags={}, trusted=True)\n"
        "heavy = {'pydantic', 'rich', 'git', 'difflib', 'subprocess', 'qwen_code.settings.jsonc'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
