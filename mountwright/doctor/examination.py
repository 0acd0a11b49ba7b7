"""The preflight on many hosts: one connection and one exec a host, then the judgement."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mountwright import frames
from mountwright.converge import internal_error, last_lines, operating_system
from mountwright.doctor.check import Answer
from mountwright.doctor.checks import CHECKS, identity, ports
from mountwright.doctor.finding import DoctorReport, Finding, HostHealth, Severity, error, info
from mountwright.duties import duties_of
from mountwright.errors import (
    AuthenticationError,
    BecomeError,
    ConnectionLostError,
    HostError,
    HostKeyError,
    UnreachableError,
)
from mountwright.outcome import HostOutcome, Status
from mountwright.resources.base import Observed
from mountwright.rollout import DEFAULT_FORKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mountwright.duties import Duties
    from mountwright.inventory import Host
    from mountwright.outcome import Listener
    from mountwright.rollout import Connects
    from mountwright.spec import StorageSpec
    from mountwright.transport import Transport

_FACTS = "facts"
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
SILENCE = 60.0
"""Seconds that a host may say nothing; the slowest check gives up by itself long before."""


@dataclass
class _Visit:
    """What one host said: an answer by name of the check, or why there is none."""

    host: str
    answers: dict[str, Answer] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    problem: HostError | None = None
    seconds: float = 0.0

    @property
    def health(self) -> HostHealth:
        findings = tuple(sorted(self.findings, key=lambda finding: _ORDER[finding.severity]))
        first = next((found for found in findings if found.severity is Severity.ERROR), None)
        if isinstance(self.problem, UnreachableError):
            return HostHealth(Status.UNREACHABLE, findings, self.problem, self.seconds)
        if first is None:
            return HostHealth(Status.UNCHANGED, findings, None, self.seconds)
        problem = self.problem or HostError(first.message, output=(first.remedy,), resource=f"doctor:{first.rule}")
        return HostHealth(Status.FAILED, findings, problem, self.seconds)

    @property
    def outcome(self) -> HostOutcome:
        health = self.health
        return HostOutcome(self.host, health.status, (), health.error, health.seconds)


def examine(
    hosts: Sequence[Host],
    spec: StorageSpec,
    connector: Connects,
    listener: Listener,
    *,
    forks: int = DEFAULT_FORKS,
) -> DoctorReport:
    """Look at every host, ``forks`` at a time, and say what stands in the way of ``inv site``. Only reads.

    ``listener`` hears of each host as soon as it has been looked at; what is only seen by comparing hosts (clones,
    a port that the server has open and a node can't reach) is in the report alone.
    """

    def one(host: Host) -> _Visit:
        visit = _visit(host, duties_of(host.name, spec), connector, listener)
        listener.host_finished(visit.outcome)
        return visit

    if not hosts:
        return DoctorReport()
    with ThreadPoolExecutor(max_workers=max(1, min(forks, len(hosts))), thread_name_prefix="host") as pool:
        visits = {visit.host: visit for visit in pool.map(one, hosts)}
    _compare(visits)
    return DoctorReport({name: visit.health for name, visit in visits.items()})


def _visit(host: Host, duties: Duties, connector: Connects, listener: Listener) -> _Visit:
    visit = _Visit(host.name)
    begun = time.monotonic()
    listener.host_started(host.name)
    try:
        transport = connector.connect(host.name, host.connection)
        try:
            listener.host_activity(host.name, "looking")
            visit.answers = ask(transport, duties)
        finally:
            transport.close()
        visit.findings += judge(visit.answers)
    except Exception as problem:  # noqa: BLE001 - what one host says must not end the others
        visit.problem = problem if isinstance(problem, HostError) else internal_error(problem)
        visit.findings.append(_connection_finding(visit.problem))
    visit.seconds = time.monotonic() - begun
    return visit


def ask(transport: Transport, duties: Duties) -> dict[str, Answer]:
    """Run the scripts of all checks in one exec; return the answers by name of the check.

    A check whose script failed has no answer. Raises ConnectionLostError when the host's answer is not complete.
    """
    scripts = {check.name: script for check in CHECKS if (script := check.script(duties)) is not None}
    nonce = frames.new_nonce()
    first_output: list[float] = []

    def note_time(_data: bytes) -> None:
        if not first_output:
            first_output.append(time.time())

    begun = time.time()
    program = frames.probe_program(nonce, {**scripts, _FACTS: frames.FACTS})
    completed = transport.run(program, on_stdout=note_time, silence=SILENCE)
    seen, outside = frames.read_frames(nonce, completed.stdout)
    if _FACTS not in seen:
        raise ConnectionLostError(
            f"the host's answer is not complete (exit code {completed.exit_code})",
            output=last_lines(completed.stderr[-4096:] + outside[-4096:]),
        )
    facts = Observed(present=True, stdout=seen[_FACTS].output).fields
    blank = Answer(duties, operating_system(facts), asked=(begun, (first_output or [time.time()])[0]))
    return {name: replace(blank, stdout=seen[name].output) for name in scripts if not seen[name].exit_code}


def judge(answers: Mapping[str, Answer]) -> list[Finding]:
    """Judge one host by itself: pure."""
    findings: list[Finding] = []
    for check in CHECKS:
        answer = answers.get(check.name)
        if answer is not None:
            findings += check.judge(answer)
    asked = next(iter(answers.values()), None)
    if asked is not None:
        silent = [check.name for check in CHECKS if check.script(asked.duties) and check.name not in answers]
        findings += [info(name, "this could not be looked at: the check failed on the host") for name in silent]
    return findings


def _compare(visits: Mapping[str, _Visit]) -> None:
    """Add what is only seen by comparing hosts."""
    identities = {name: visit.answers["identity"] for name, visit in visits.items() if "identity" in visit.answers}
    for name, finding in identity.judge_duplicates(identities):
        visits[name].findings.append(finding)
    servers = {name: visit.answers.get("server") for name, visit in visits.items()}
    for visit in visits.values():
        if "ports" in visit.answers:
            visit.findings += ports.judge_ports(visit.answers["ports"], servers)


def _connection_finding(problem: HostError) -> Finding:
    rules: Iterable[tuple[type[HostError], str, str]] = (
        (
            HostKeyError,
            "host-key",
            "compare the fingerprint with the host's own, then accept it as the message says.",
        ),
        (AuthenticationError, "login", "see that ansible_user and the key are right: ssh -v to the host shows more."),
        (BecomeError, "sudo", "see sudo -l on the host, ansible_become_* in the inventory, or --ask-become-pass."),
        (UnreachableError, "connection", "see ansible_host and ansible_port, and that the host is up."),
        (ConnectionLostError, "connection", "run inv doctor again; see the host's load and the network."),
    )
    for kind, rule, remedy in rules:
        if isinstance(problem, kind):
            return error(rule, problem.message, remedy)
    return error("connection", problem.message, "")
