"""Builds the single parts of an app from settings: what a session needs, and what one tool needs alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qwen_code import __version__
from qwen_code.agent.imports import MAX_BYTES
from qwen_code.agent.instructions import Sources, find_instructions
from qwen_code.agent.prompting import Environment, preamble
from qwen_code.agent.shortening import Facts
from qwen_code.agent.stats import SessionStats
from qwen_code.agent.window import BYTES_PER_TOKEN, WindowPlan
from qwen_code.backends.base import ModelBackend
from qwen_code.errors import ConfigurationError, QwenCodeError
from qwen_code.local.bundled import BUNDLED_SHELL_TIMEOUT_S, NAME, is_bundled
from qwen_code.messages import ToolSpec
from qwen_code.permissions.decision import Approver, Mode
from qwen_code.permissions.gate import Gate
from qwen_code.permissions.path_patterns import PathPattern
from qwen_code.permissions.rule_problems import rule_problems
from qwen_code.permissions.rules import RuleSet
from qwen_code.permissions.trust import trust_of
from qwen_code.sandbox.base import Bounds, HostJudge, Network, Sandbox
from qwen_code.sandbox.choice import Chooser
from qwen_code.sandbox.process import Shell
from qwen_code.sessions.checkpoints import Checkpoints
from qwen_code.sessions.file_history import FileHistory
from qwen_code.sessions.lines import Record
from qwen_code.sessions.log import SessionHeader, now
from qwen_code.settings.layers import load_settings
from qwen_code.settings.loaded import LoadedSettings
from qwen_code.settings.locations import Locations, find_home
from qwen_code.settings.model import SandboxSettings, Settings
from qwen_code.tool import Access, OutputLimits, PlanReview, Question, ToolContext, UserPort
from qwen_code.web import HttpWebClient
from qwen_code.workspace.git_head import branch_at
from qwen_code.workspace.outputs import OutputFiles
from qwen_code.workspace.paths import Workspace
from qwen_code.workspace.text_files import TextFiles


class Nobody:
    """Answers for the person when nobody is there."""

    async def ask(self, questions: Sequence[Question]) -> Sequence[str] | None:
        return None

    async def review_plan(self, plan: str) -> PlanReview | None:
        return None


@dataclass(frozen=True, slots=True)
class Front:
    """What a front end brings: who approves, who answers questions, and where warnings go."""

    approver: Approver
    user: UserPort
    warn: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the app runs: the project, the person's files, and whether the one may steer the other."""

    locations: Locations
    environ: Mapping[str, str]
    trusted: bool
    loaded: LoadedSettings
    flags: Mapping[str, object]

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


def find_place(
    directory: Path, environ: Mapping[str, str], flags: Mapping[str, object], *, trust: bool = False
) -> Place:
    """Load the settings for `directory`.

    Raises:
        ConfigurationError: a setting is wrong; the sentence says where.
        UsageError: so is a rule on the command line.
    """
    home = find_home(environ)
    locations = Locations.of(cwd=directory, home=home, environ=environ)
    record = trust_of(directory, locations.trusted_folders)
    trusted = trust or record.trusted
    loaded = load_settings(cwd=directory, home=home, environ=environ, flags=flags, trusted=trusted)
    problems = ([record.problem] if record.problem else []) + list(rule_problems(loaded.items))
    if problems:
        loaded = replace(loaded, problems=(*problems, *loaded.problems))
    return Place(locations, environ, trusted, loaded, flags)


def tool_gate(place: Place, workspace: Workspace, mode: Mode) -> Gate:
    """The permission gate that the settings describe. What tools kept for the model, it may read."""
    home = place.locations.home
    given = place.settings.permissions
    kept = f"Read(/{place.locations.outputs('*')}/**)"
    rules = RuleSet.parse(allow=(*given.allow, kept), ask=given.ask, deny=given.deny)
    return Gate(rules, mode, workspace.roots, home, follow=os.path.realpath)


def sandbox_bounds(place: Place, workspace: Workspace, judge_host: HostJudge | None = None) -> Bounds:
    """What commands may touch, by the settings.

    Raises:
        ConfigurationError: the network can't be understood.
    """
    settings, locations = place.settings.sandbox, place.locations
    return Bounds(
        roots=workspace.roots,
        home=locations.home,
        config=locations.config,
        network=_network(settings),
        judge_host=judge_host,
        shown=(locations.project,),
        denied=_denied_reads(tool_gate(place, workspace, Mode.DEFAULT)),
    )


def _network(settings: SandboxSettings) -> Network:
    try:
        return Network.parse(settings.network, private=settings.network_private)
    except ValueError as error:
        raise ConfigurationError(f"sandbox.network: {error}.") from None


def _denied_reads(gate: Gate) -> tuple[PathPattern, ...]:
    """What the deny rules keep from being read."""
    if not gate.rules.deny:
        return ()
    from qwen_code.permissions.rule_matching import Matcher
    from qwen_code.permissions.rules import READERS

    matcher = Matcher(gate.rules, gate.places)
    rules = [rule for rule in gate.rules.deny if rule.subject == "path" and rule.tools & READERS]
    return tuple(pattern for rule in rules for pattern in matcher.patterns(rule, wide=True))


def choose_sandbox(place: Place, workspace: Workspace, judge_host: HostJudge | None = None) -> Chooser:
    """The choice of a sandbox, to be made when the first command runs.

    Raises:
        ConfigurationError: the network of the settings can't be understood.
    """
    bounds = sandbox_bounds(place, workspace, judge_host)
    return Chooser(bounds, place.environ, enabled=place.settings.sandbox.enabled)


def tool_context(
    place: Place, workspace: Workspace, user: UserPort, session_id: str, sandbox: Callable[[], Sandbox]
) -> ToolContext:
    """All that tools may use, for one session. `sandbox` is asked for with the first command."""
    settings = place.settings
    limits = OutputLimits(settings.tools.output_lines, settings.tools.output_bytes)
    outputs = OutputFiles(place.locations.outputs(session_id))
    return ToolContext(
        workspace=workspace,
        files=TextFiles(),
        commands=Shell(
            workspace.root, place.environ, outputs, limits, sandbox=sandbox, extra_roots=workspace.roots[1:]
        ),
        web=HttpWebClient(proxy=settings.proxy, ca_file=settings.ca_file),
        user=user,
        outputs=outputs,
        limits=limits,
        shell_timeout_s=_shell_timeout_s(settings),
    )


def _shell_timeout_s(settings: Settings) -> float:
    """The bundled model's tests are over in a second, or it has made a loop without end."""
    given = settings.tools.shell_timeout_s
    return min(given, BUNDLED_SHELL_TIMEOUT_S) if is_bundled(settings.model.name) else given


def scale_output(context: ToolContext, settings: Settings, plan: WindowPlan) -> None:
    """Let tools give the model no more at once than its window can take."""
    limits = OutputLimits(settings.tools.output_lines, settings.tools.output_bytes)
    context.limits = plan.scaled(limits)
    if isinstance(context.commands, Shell):
        context.commands.limits = context.limits


def facts_of(context: ToolContext, stats: SessionStats) -> Facts:
    """What must survive when a conversation is shortened, whatever the model remembers."""
    marks = {"completed": "x", "in_progress": "~", "pending": " "}
    return Facts(
        files_changed=[context.workspace.display(Path(path)) for path in stats.files_changed],
        todos=[f"[{marks[todo.status]}] {todo.content}" for todo in context.todos],
        running=[f"{task.id}: {task.command}" for task in context.commands.tasks() if task.running],
    )


async def window_at_hand(backend: ModelBackend) -> int | None:
    """The model's window, if it can be known at the start; a model that can't be used says so later."""
    with suppress(QwenCodeError):
        return await backend.window_at_hand()
    return None


def instruction_sources(
    place: Place, workspace: Workspace, window: int | None, warn: Callable[[str], None]
) -> Sources:
    """Where the instructions for this project come from, and how much of a `window` they may take."""
    most = WindowPlan(window).instructions * BYTES_PER_TOKEN if window else MAX_BYTES
    return Sources(
        workspace.root,
        place.locations.config,
        place.settings.context.file_names,
        place.trusted,
        warn,
        min(most, MAX_BYTES),
    )


def new_checkpoints(
    place: Place,
    workspace: Workspace,
    session_id: str,
    history: FileHistory | None,
    record: Callable[[Record], None],
    warn: Callable[[str], None],
) -> Checkpoints:
    """What keeps files as they were before the agent changes them."""
    reading = Gate(RuleSet(), Mode.PLAN, workspace.roots, place.locations.home, follow=os.path.realpath)

    def only_reads(accesses: Sequence[Access]) -> bool:
        return reading.decide("run_shell_command", accesses).verdict == "allow"

    return Checkpoints(
        place.locations.contents(session_id),
        workspace.roots,
        limit_bytes=int(place.settings.sessions.checkpoint_limit_mb * 1e6),
        record=record,
        only_reads=only_reads,
        warn=warn,
        history=history,
    )


def new_header(
    place: Place,
    workspace: Workspace,
    session_id: str,
    model: str,
    system: str,
    tools: tuple[ToolSpec, ...],
    sources: Sources,
) -> SessionHeader:
    """All that a new session sends first and never changes.

    The bundled model can't follow instructions, and what it answers should not hang on the name of a
    directory, nor on the date: it is spared both.
    """
    created, branch = now(), branch_at(workspace.root)
    environment = Environment(workspace.root, _system_name(), created[:10], branch, workspace.roots[1:])
    is_told = not is_bundled(place.settings.model.name)
    return SessionHeader(
        id=session_id,
        cwd=str(workspace.root),
        created=created,
        version=__version__,
        model=model,
        git_branch=branch,
        system=system,
        tools=tools,
        preamble=preamble(environment, find_instructions(sources)) if is_told else "",
    )


def profile_of(settings: Settings) -> str:
    """The prompt profile: the bundled model knows only its own, others have what the settings say."""
    return NAME if is_bundled(settings.model.name) else settings.agent.profile


def system_text(profile_text: str, settings: Settings) -> str:
    """The system prompt: the profile's, or the user's own, and what the user adds."""
    parts = [settings.agent.system_prompt or profile_text, settings.agent.append_system_prompt]
    return "\n\n".join(part for part in parts if part)


def _system_name() -> str:
    names = {"linux": "Linux", "darwin": "macOS"}
    return f"{names.get(sys.platform, sys.platform)} {os.uname().machine}"
