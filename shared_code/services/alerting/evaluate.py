"""The rules evaluated: states raised and cleared, then whoever is to know told.

Every rule is looked at on its own: one that cannot be evaluated leaves its alerts as they are and hides no other.

Source: Operations, "Monitoring and alerts" and "Schedules".
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared_code import telemetry
from shared_code.services.alerting.judgement import COMBINED_FOR, TOLD, is_to_be_told, judged, severity_of
from shared_code.services.alerting.notice import Notice, Webhooks
from shared_code.services.alerting.rule import Finding, Rule, Severity
from shared_code.services.alerting.rules import RULE_OF, RULES
from shared_code.services.alerting.sight import Sight
from shared_code.services.held_lease import held
from shared_code.services.runtime import Runtime
from shared_code.storage import alerts
from shared_code.storage.alerts import AlertState

LEASE: Final = "job:alerts"
LEASE_TTL_S: Final = 120

_log = logging.getLogger(__name__)


def evaluate_alerts(runtime: Runtime) -> None:
    """Bring every alert up to date and tell of those that are new; nothing while another process does so."""
    with held(runtime.database, LEASE, LEASE_TTL_S) as lease:
        if lease is None:
            return
        now = runtime.clock.now()
        with runtime.database.reading() as connection:
            known = alerts.states_to_judge(connection, now - COMBINED_FOR)
            sight = Sight(runtime, connection, now, [state for state in known if state.is_raised])
            found = {rule.name: _findings(rule, sight) for rule in RULES}
            _show_levels(sight)
        changed = _judged(found, known, now)
        with runtime.database.writing() as connection:
            alerts.store(connection, changed)
        current = {(state.rule, state.subject): state for state in [*known, *changed]}
        _tell(runtime, current.values(), now)


def _findings(rule: Rule, sight: Sight) -> list[Finding] | None:
    """What the rule finds; None when it cannot be evaluated."""
    try:
        return list(rule.find(sight))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one rule, the others are evaluated
        _log.error("Rule %s could not be evaluated", rule.name, exc_info=error)
        return None


def _judged(found: Mapping[str, list[Finding] | None], known: Iterable[AlertState], now: datetime) -> list[AlertState]:
    of_rule: defaultdict[str, list[AlertState]] = defaultdict(list)
    for state in known:
        of_rule[state.rule].append(state)
    changed: list[AlertState] = []
    for name, findings in found.items():
        if findings is not None:
            changed += judged(RULE_OF[name], of_rule[name], findings, now)
    for state in changed:
        _log.info("Alert %s of %s is %s", state.rule, state.subject, state.state)
    return changed


def _tell(runtime: Runtime, states: Iterable[AlertState], now: datetime) -> None:
    """Tell of the alerts that are due, equal ones together, and note which were told to everybody."""
    due: defaultdict[tuple[str, Severity], list[AlertState]] = defaultdict(list)
    for state in states:
        rule = RULE_OF.get(state.rule)
        if rule is not None and is_to_be_told(state, severity := severity_of(state, rule), now):
            due[rule.name, severity].append(state)
    if not due:
        return
    told: list[AlertState] = []
    with Webhooks(runtime.settings.alert_webhooks) as webhooks:
        for (name, severity), alike in due.items():
            told += _tell_of(runtime.settings.environment_name, RULE_OF[name], severity, alike, webhooks, now)
    with runtime.database.writing() as connection:
        alerts.store(connection, told)


def _tell_of(
    environment: str,
    rule: Rule,
    severity: Severity,
    alike: Sequence[AlertState],
    webhooks: Webhooks,
    now: datetime,
) -> list[AlertState]:
    """Tell everybody who does not know yet; an alert is told once everybody knows."""

    def notice(states: Sequence[AlertState]) -> Notice:
        subjects = sorted(state.subject for state in states)
        return Notice(environment, rule, severity, subjects, min(state.since for state in states))

    fresh = [state for state in alike if TOLD not in state.details]
    if fresh:
        _log.warning("ALERT %s", notice(fresh).text)
    knowing = {state.subject: set(state.details.get(TOLD, ())) for state in alike}
    for name in sorted(webhooks.names):
        unknowing = [state for state in alike if name not in knowing[state.subject]]
        if unknowing and webhooks.tell(name, notice(unknowing)):
            for state in unknowing:
                knowing[state.subject].add(name)
    return [_noted(state, knowing[state.subject], webhooks.names, now) for state in alike]


def _noted(state: AlertState, knowing: set[str], everybody: frozenset[str], now: datetime) -> AlertState:
    details = {name: value for name, value in state.details.items() if name != TOLD}
    if knowing >= everybody:
        return replace(state, details=details, last_notified_at=now)
    return replace(state, details={**details, TOLD: sorted(knowing)})


def _show_levels(sight: Sight) -> None:
    """The levels that the rules look at, as metrics."""
    waiting, oldest = sight.unsent
    telemetry.show(telemetry.OUTBOX_SIZE, waiting)
    telemetry.show(telemetry.OUTBOX_AGE, (sight.now - (oldest or sight.now)).total_seconds())
    for queue, since in sight.oldest_queued.items():
        telemetry.show(telemetry.QUEUE_AGE, (sight.now - since).total_seconds(), {"queue": queue})


def current_alerts(runtime: Runtime, *, with_cleared: bool = False) -> list[tuple[AlertState, Severity]]:
    """The alerts with their severity, the worst and oldest first; those of rules that exist no more are left out."""
    with runtime.database.reading() as connection:
        known = alerts.states(connection, raised_only=not with_cleared)
    shown = [(state, severity_of(state, RULE_OF[state.rule])) for state in known if state.rule in RULE_OF]
    return sorted(shown, key=lambda item: (not item[0].is_raised, -item[1].rank, item[0].since))
