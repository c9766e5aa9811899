"""`townepark alerts`: what is wrong now, since when, and what to do about it."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from cli import output
from cli.arguments import AsJson, ready_runtime
from shared_code.services.alerting.evaluate import current_alerts
from shared_code.services.alerting.rule import Severity
from shared_code.services.alerting.rules import RULE_OF
from shared_code.storage.alerts import AlertState

_MOST_NAMED: Final = 5
"""Subjects of equal alerts that are named."""


def alerts(
    with_cleared: Annotated[bool, typer.Option("--all", help="Also alerts that have been cleared.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the alerts that are raised, the worst first and equal ones together, with the next step."""
    shown = current_alerts(ready_runtime(), with_cleared=with_cleared)
    if as_json:
        rows = [
            {
                "rule": state.rule,
                "subject": state.subject,
                "severity": severity,
                "state": state.state,
                "since": state.since,
                "lastNotifiedAt": state.last_notified_at,
                "effect": RULE_OF[state.rule].effect,
                "nextStep": RULE_OF[state.rule].next_step,
                "details": state.details,
            }
            for state, severity in shown
        ]
        output.print_json({"alerts": rows})
        return
    together: dict[tuple[Severity, str, str], list[AlertState]] = {}
    for state, severity in shown:
        together.setdefault((severity, state.rule, state.state), []).append(state)
    output.table(
        "Alerts" if shown else "No alert is raised",
        ("Severity", "Alert", "Subject", "State", "Since (UTC)", "Told (UTC)", "Next step"),
        [
            (
                severity,
                RULE_OF[rule].title,
                _subjects(alike),
                word,
                min(state.since for state in alike),
                max((state.last_notified_at for state in alike if state.last_notified_at), default=None),
                RULE_OF[rule].next_step,
            )
            for (severity, rule, word), alike in together.items()
        ],
    )


def _subjects(alike: Sequence[AlertState]) -> str:
    """The subjects of equal alerts, the oldest first; of many the first ones and how many more there are."""
    named = ", ".join(state.subject for state in alike[:_MOST_NAMED])
    more = len(alike) - _MOST_NAMED
    return f"{named} and {more:,} more (--json lists them)" if more > 0 else named
