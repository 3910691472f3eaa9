"""Commands that look at settings and change them: /settings, /editor, /theme, /verify, /doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwen_code.ui.painter import Painter
from qwen_code.ui.repl.commands.output import sample
from tests.support.repl_app import FakeApp
from tests.support.repl_harness import DOWN, ENTER, ESC, Driver
from tests.support.repl_stories import story


def saved(root: Path) -> object:
    """What the person's settings file holds."""
    path = root / "home" / ".qwen" / "settings.json"
    return json.loads(path.read_text()) if path.exists() else None


def typed(root: Path, *keys: str, sees: str) -> FakeApp:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type(*keys)
        await person.sees(sees)

    return story(root, tell, columns=100)


def test_a_setting_is_saved_by_name_and_value(tmp_path: Path) -> None:
    typed(tmp_path, "/settings agent.maxTokens 5000", ENTER, sees="from the next start on")
    assert saved(tmp_path) == {"agent": {"maxTokens": 5000}}


def test_a_setting_of_the_screen_holds_at_once(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/settings ui.shellOutputMaxLines 3", ENTER)
        await person.sees("holds from now on")
        assert person.repl.transcript.shell_lines == 3

    story(tmp_path, tell, columns=100)


def test_a_value_that_does_not_fit_is_refused_and_nothing_is_saved(tmp_path: Path) -> None:
    typed(tmp_path, "/settings agent.maxTokens many", ENTER, sees="`agent.maxTokens` must be a whole number")
    assert saved(tmp_path) is None


def test_a_setting_is_picked_by_searching_and_asked_for_until_it_fits(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/settings", ENTER)
        await person.sees("type to search")
        await person.type(*"terminalBell", ENTER)
        await person.sees("Must be true or false; now false (default)")
        await person.type(*["\x7f"] * len("false"), "perhaps", ENTER)
        await person.sees("must be true or false, not")
        await person.type(*["\x7f"] * len("perhaps"), "true", ENTER)
        await person.sees("general.terminalBell is saved")

    story(tmp_path, tell, columns=100)
    assert saved(tmp_path) == {"general": {"terminalBell": True}}


def test_a_mistyped_setting_is_answered_with_the_nearest(tmp_path: Path) -> None:
    typed(
        tmp_path, "/settings ui.them dark", ENTER, sees="There is no setting ui.them. Did you mean ui.theme?"
    )


def test_the_editor_is_kept_and_one_that_is_not_there_refused(tmp_path: Path) -> None:
    typed(tmp_path, "/editor cat -u", ENTER, sees="general.preferredEditor is saved")
    assert saved(tmp_path) == {"general": {"preferredEditor": "cat -u"}}
    typed(tmp_path, "/editor no-such-editor", ENTER, sees="The editor no-such-editor is not installed")
    assert saved(tmp_path) == {"general": {"preferredEditor": "cat -u"}}


def test_a_theme_by_name_holds_at_once_and_is_kept(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/theme light", ENTER)
        await person.sees("ui.theme is saved")
        assert person.repl.painter.theme == "light"

    story(tmp_path, tell, columns=100)
    assert saved(tmp_path) == {"ui": {"theme": "light"}}


def test_themes_are_shown_while_they_are_looked_at(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/theme", ENTER)
        await person.sees("say it with a comma")
        await person.type(DOWN)
        await person.until(lambda: person.repl.painter.theme == "ansi")
        await person.type(DOWN)
        await person.until(lambda: person.repl.painter.theme == "dark")
        await person.type(ESC)
        await person.loses("say it with a comma")
        assert person.repl.painter.theme == "ansi"  # what auto means on a terminal that has not said more

    story(tmp_path, tell, columns=100)
    assert saved(tmp_path) is None


@pytest.mark.parametrize("theme", ["ansi", "dark", "light", "mono"])
def test_every_theme_shows_the_same_words(theme: str) -> None:
    lines = sample(theme, Painter(60, theme, environ={}))
    assert [line.plain for line in lines][:2] == ["> say it with a comma", "● Edit greeting.py  +1 -1"]


def test_a_theme_that_is_not_there_is_refused(tmp_path: Path) -> None:
    typed(
        tmp_path,
        "/theme pink",
        ENTER,
        sees="There is no theme pink; there are auto, ansi, dark, light, mono.",
    )


def test_a_verification_is_set_shown_and_ended(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/verify", ENTER)
        await person.sees("Nothing is verified.")
        await person.type("/verify make test", ENTER)
        await person.sees("From now on `make test` must succeed")
        assert app.settings.agent.verify == "make test"
        await person.type("/verify off", ENTER)
        await person.sees("no longer verified")
        assert app.settings.agent.verify == ""

    story(tmp_path, tell, columns=100)


def test_the_doctor_tells_what_is_wrong_and_what_is_not(tmp_path: Path) -> None:
    async def tell(person: Driver, app: FakeApp) -> None:
        await person.type("/doctor offline", ENTER)
        await person.sees("model  fake-model at local")
        text = person.emulator.text()
        assert "✓ qwen-code" in text
        assert "! sandbox  commands are not confined." in text

    story(tmp_path, tell, columns=100)
