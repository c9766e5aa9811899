"""The rules: what raises an alert, how bad it is, what users notice, and what to do first.

Not here: what the product cannot see of itself. Load and storage of the database, and the age of the geo-secondary, are
alerts of the platform; restore tests are in the operator's calendar.

Source: Operations, "Monitoring and alerts".
"""

from datetime import timedelta
from typing import Final

from shared_code.services.alerting import conditions
from shared_code.services.alerting.rule import Rule, Severity

RULES: Final = (
    Rule(
        "feed_failed",
        "Feed failed or aborted",
        Severity.MEDIUM,
        conditions.failed_feeds,
        "Users see what was published before; it grows old, and is marked stale when it is too old.",
        "townepark runs --feed FEED names the error; the next slot tries again, townepark extract --feed FEED at once.",
        worse=Severity.HIGH,
    ),
    Rule(
        "rate_run_missing",
        "Rate run missing",
        Severity.HIGH,
        conditions.missing_rate_run,
        "Payroll is forecast with hourly rates that are more than 8 hours old.",
        "townepark runs --feed job_code_rates, then townepark rates calculate --as-of today's date.",
    ),
    Rule(
        "stale_data",
        "Stale data",
        Severity.MEDIUM,
        conditions.stale_feeds,
        "Figures of this feed are marked stale: they lack what happened since.",
        "townepark quality tells since when; ask the owner of the source whether its own load has run.",
    ),
    Rule(
        "source_changed",
        "Permission lost or schema changed",
        Severity.HIGH,
        conditions.changed_sources,
        "Nothing new of this feed is published until the source or the right is restored.",
        "townepark runs --feed FEED names the column or right; the owner of the source restores it or grants it.",
    ),
    Rule(
        "warehouse_slow",
        "Warehouse slow",
        Severity.LOW,
        conditions.slow_feeds,
        "None yet: a feed that reaches its limit fails.",
        "Ask the owner of the warehouse for blocked sessions and missing indexes at the time of the run.",
    ),
    Rule(
        "dead_letters",
        "Dead letters and poison messages",
        Severity.MEDIUM,
        conditions.queues_with_dead_letters,
        "Work of this queue was left undone; a P&L is computed by its next reader all the same.",
        "townepark dlq list names the reasons; mend the cause, then townepark dlq replay.",
        holds_for=timedelta(minutes=15),
        worse=Severity.HIGH,
    ),
    Rule(
        "queue_age",
        "Queue age",
        Severity.MEDIUM,
        conditions.slow_queues,
        "Readers of a changed site wait for its P&L to be computed; jobs and events come late.",
        "Look whether the queue's function runs and fails; more instances work off more sessions.",
    ),
    Rule(
        "outbox",
        "Outbox not sent",
        Severity.HIGH,
        conditions.unsent_messages,
        "Saves are kept, but nothing follows from them: no event, no refresh ahead of readers, no slice of a job.",
        "townepark outbox names the last error; check that Service Bus can be reached and the identity may send.",
    ),
    Rule(
        "api_errors",
        "API errors",
        Severity.HIGH,
        conditions.failing_instances,
        "More than one request in twenty fails.",
        "The log has each error under its request id; GET /health/details shows which part fails.",
    ),
    Rule(
        "flc_variance",
        "FLC variance",
        Severity.LOW,
        conditions.high_flc_variances,
        "None: the site's trend of FLC is far from its budget.",
        "The site's manager reviews the month: townepark pnl show --site SITE --period PERIOD.",
    ),
    Rule(
        "alert_targets",
        "Alerts not delivered",
        Severity.HIGH,
        conditions.unreachable_targets,
        "None yet: an alert of theirs may go unnoticed.",
        "townepark alerts shows what is raised; check that every webhook of ALERT_TARGETS still takes messages.",
        holds_for=timedelta(minutes=10),
    ),
)
"""Every rule, in the order of the specification; the last one watches the others."""

RULE_OF: Final = {rule.name: rule for rule in RULES}
