"""From what was found to the next state of an alert, and whether somebody is to be told.

Source: Operations, "Monitoring and alerts"; Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from shared_code.services.alerting.rule import Finding, Rule, Severity
from shared_code.sql.types import timestamp_text
from shared_code.storage.alerts import CLEARED, HOLDING_SINCE, LONGEST_SUBJECT, RAISED, RAISED_SINCE, AlertState

COMBINED_FOR: Final = timedelta(minutes=60)
"""The same alert is told once in this time, however often it is raised."""

SEVERITY, TOLD = "severity", "told"
"""Members of a state's details: how bad it is, and which targets were told while others could not be."""

OWN_MEMBERS: Final = frozenset({SEVERITY, TOLD, RAISED_SINCE})
"""What the evaluation keeps among the details of a state."""


def judged(rule: Rule, known: Iterable[AlertState], found: Iterable[Finding], now: datetime) -> list[AlertState]:
    """The states of `rule` that change, with what was `found` now."""
    before = {state.subject: state for state in known}
    findings = {finding.subject[:LONGEST_SUBJECT]: finding for finding in found}
    changed = [_found(rule, before.get(subject), finding, now) for subject, finding in findings.items()]
    changed += [_gone(state, now) for subject, state in before.items() if subject not in findings]
    return [state for state in changed if state != before.get(state.subject)]


def severity_of(state: AlertState, rule: Rule) -> Severity:
    """How bad an alert is, as it was judged last."""
    return Severity(state.details.get(SEVERITY, rule.severity))


def is_to_be_told(state: AlertState, severity: Severity, now: datetime) -> bool:
    """Whether somebody is to be told of a raised alert now.

    When it was raised, or got worse, and one of high severity again every 60 minutes; but the same alert only once in
    that time.
    """
    last = state.last_notified_at
    if not state.is_raised or last is None or last > now:  # told in the future: the clock was put back
        return state.is_raised
    return now - last >= COMBINED_FOR and (state.since > last or severity is Severity.HIGH)


def is_end_to_be_told(state: AlertState) -> bool:
    """Whether somebody was told of an alert that has ended, and not yet of its end."""
    return not state.is_raised and RAISED_SINCE in state.details


def raised_since(state: AlertState) -> datetime:
    """When an alert was raised that is, or whose end is to be told."""
    return state.since if state.is_raised else datetime.fromisoformat(state.details[RAISED_SINCE])


def _found(rule: Rule, known: AlertState | None, finding: Finding, now: datetime) -> AlertState:
    severity = rule.severity_of(finding)
    subject = finding.subject[:LONGEST_SUBJECT]
    before = known or AlertState(rule.name, subject, CLEARED, now, None)
    details: dict[str, Any] = {**finding.details, SEVERITY: severity.value}
    if not before.is_raised:
        holding_since = before.details.get(HOLDING_SINCE, timestamp_text(now))
        if not rule.is_raised_after(finding, now - datetime.fromisoformat(holding_since)):
            return replace(before, details={HOLDING_SINCE: holding_since, **_kept(before)})
        before = replace(before, state=RAISED, since=now, details=_severity(before))
    got_worse = SEVERITY in before.details and severity.rank > severity_of(before, rule).rank
    if TOLD in before.details and not got_worse:
        details[TOLD] = before.details[TOLD]
    return replace(before, details=details, last_notified_at=None if got_worse else before.last_notified_at)


def _gone(state: AlertState, now: datetime) -> AlertState:
    """The alert without its condition. How bad it was stays known, so that coming back worse is told."""
    if not state.is_raised:
        return replace(state, details=_kept(state))
    last = state.last_notified_at
    was_told = bool(state.details.get(TOLD)) or (last is not None and last >= state.since)
    since = {RAISED_SINCE: timestamp_text(state.since)} if was_told else {}
    return replace(state, state=CLEARED, since=now, details={**_severity(state), **since})


def _kept(state: AlertState) -> dict[str, Any]:
    """What is remembered of an alert that is not raised."""
    return {name: value for name, value in state.details.items() if name in OWN_MEMBERS}


def _severity(state: AlertState) -> dict[str, Any]:
    return {name: value for name, value in state.details.items() if name == SEVERITY}
