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
from shared_code.services.alerting.judgement import (
    COMBINED_FOR,
    TOLD,
    is_end_to_be_told,
    is_to_be_told,
    judged,
    raised_since,
    severity_of,
)
from shared_code.services.alerting.notice import Notice, Webhooks
from shared_code.services.alerting.rule import Finding, Rule, Severity
from shared_code.services.alerting.rules import RULE_OF, RULES
from shared_code.services.alerting.sight import Sight
from shared_code.services.held_lease import held
from shared_code.services.runtime import Runtime
from shared_code.services.waiting_messages import CONSUMERS
from shared_code.storage import alerts
from shared_code.storage.alerts import RAISED_SINCE, AlertState

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
    """Tell of the alerts that are due and of those that have ended, equal ones together; note who was told."""
    due: defaultdict[tuple[str, Severity, bool], list[AlertState]] = defaultdict(list)
    for state in states:
        rule = RULE_OF.get(state.rule)
        if rule is None:
            continue
        severity = severity_of(state, rule)
        if is_to_be_told(state, severity, now) or is_end_to_be_told(state):
            due[rule.name, severity, state.is_raised].append(state)
    if not due:
        return
    told: list[AlertState] = []
    webhooks = Webhooks(runtime.settings.alert_webhooks)
    for (name, severity, _), alike in due.items():
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
    """Tell everybody who does not know yet; an alert, or its end, is told once everybody knows."""

    def notice(states: Sequence[AlertState]) -> Notice:
        subjects = sorted(state.subject for state in states)
        ended_at = None if states[0].is_raised else max(state.since for state in states)
        return Notice(environment, rule, severity, subjects, min(map(raised_since, states)), ended_at)

    fresh = [state for state in alike if TOLD not in state.details]
    if fresh:
        # Who looks for lines that begin with ALERT looks for what is wrong, not for what is over.
        _log.warning("ALERT %s" if alike[0].is_raised else "%s", notice(fresh).text)
    knowing = {state.subject: set(state.details.get(TOLD, ())) for state in alike}
    for name in sorted(webhooks.names):
        unknowing = [state for state in alike if name not in knowing[state.subject]]
        if unknowing and webhooks.tell(name, notice(unknowing)):
            for state in unknowing:
                knowing[state.subject].add(name)
    return [_noted(state, knowing[state.subject], webhooks.names, now) for state in alike]


def _noted(state: AlertState, knowing: set[str], everybody: frozenset[str], now: datetime) -> AlertState:
    details = {name: value for name, value in state.details.items() if name != TOLD}
    if not knowing >= everybody:
        return replace(state, details={**details, TOLD: sorted(knowing)})
    if state.is_raised:
        return replace(state, details=details, last_notified_at=now)
    return replace(state, details={name: value for name, value in details.items() if name != RAISED_SINCE})


def _show_levels(sight: Sight) -> None:
    """The levels that the rules look at, as metrics."""
    waiting, oldest = sight.unsent
    telemetry.show(telemetry.OUTBOX_SIZE, waiting)
    telemetry.show(telemetry.OUTBOX_AGE, (sight.now - (oldest or sight.now)).total_seconds())
    for consumer in CONSUMERS:
        # A queue in which nothing waits shows that: without a word it could be one that nobody looks at.
        since = sight.oldest_queued.get(consumer.name, sight.now)
        telemetry.show(telemetry.QUEUE_AGE, (sight.now - since).total_seconds(), {"queue": consumer.name})


def current_alerts(runtime: Runtime, *, with_cleared: bool = False) -> list[tuple[AlertState, Severity]]:
    """The alerts with their severity, the worst and oldest first; those of rules that exist no more are left out."""
    with runtime.database.reading() as connection:
        known = alerts.states(connection, raised_only=not with_cleared)
    shown = [(state, severity_of(state, RULE_OF[state.rule])) for state in known if state.rule in RULE_OF]
    return sorted(shown, key=lambda item: (not item[0].is_raised, -item[1].rank, item[0].since))
