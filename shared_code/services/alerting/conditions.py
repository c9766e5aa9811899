"""The conditions of the rules: which subjects each holds for, from facts that were read once.

Source: Operations, "Monitoring and alerts".
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.variance import Severity as VarianceSeverity
from shared_code.domain.variance import variance_of_row
from shared_code.services.alerting.api_errors import ErrorCount
from shared_code.services.alerting.judgement import OWN_MEMBERS, TOLD
from shared_code.services.alerting.notice import name_of_target
from shared_code.services.alerting.rule import Finding
from shared_code.services.alerting.sight import Sight
from shared_code.services.data_flows import FLOWS
from shared_code.services.extraction.catalogue import FEEDS, NAMED_ONLY
from shared_code.services.extraction.quality import is_fresh
from shared_code.services.rate_labor_reading import FEED as RATE_FEED
from shared_code.services.scheduled_jobs import LIMITS
from shared_code.services.variance_limits import limits_of
from shared_code.services.waiting_messages import LONGEST_WAIT
from shared_code.storage import alert_facts
from shared_code.storage.alert_facts import OF_SITES, EndedRun
from shared_code.timetable import schedule_of

RATE_JOB: Final = "sync_job_code_rates"
RATE_RUN_EVERY: Final = timedelta(hours=8)
"""How long the rates may go without a run that succeeded."""

FEED_EVERY: Final = timedelta(hours=25)
"""How long a feed may go without a run that succeeded."""

TRIED_WITHIN: Final = timedelta(days=35)
"""A feed that never succeeded is known by its tries of this time."""

CHANGED_CODES: Final = frozenset({"SOURCE_SCHEMA_MISMATCH", "SOURCE_PERMISSION"})

SLOW_PERCENT: Final = 80
"""Percent of a limit above which what it limits is slow."""
SLOW_SITE_QUERY_MS: Final = 10_000
"""Milliseconds above which a query of named sites is slow."""

MANY_DEAD_LETTERS: Final = 50

MEASURED_WITHIN: Final = timedelta(minutes=10)
"""An instance that has not measured for so long does not serve any more."""

_LIMIT_OF_FLOW: Final = {flow.name: LIMITS[flow.job] for flow in FLOWS if flow.job in LIMITS}


def failed_feeds(sight: Sight) -> Iterator[Finding]:
    """Feeds whose newest run of a slice failed or was aborted; worse when the one before it did so, too."""
    for feed, slices in _by_feed(sight.newest_runs):
        failed = [runs for runs in slices if not runs[0].is_good]
        if failed:
            newest = max((runs[0] for runs in failed), key=lambda run: run.started_at)
            details = {"slice": newest.slice, "state": newest.state, "errorCode": newest.error_code}
            yield Finding(feed, details, is_worse=any(len(runs) > 1 and not runs[1].is_good for runs in failed))


def changed_sources(sight: Sight) -> Iterator[Finding]:
    """Feeds whose source has another form than they know, or whose login lost a right."""
    for feed, slices in _by_feed(sight.newest_runs):
        codes = sorted({str(runs[0].error_code) for runs in slices if runs[0].error_code in CHANGED_CODES})
        if codes:
            yield Finding(feed, {"errorCode": codes[0]})


def slow_feeds(sight: Sight) -> Iterator[Finding]:
    """Feeds whose newest run took most of its limit, or a query of it did; queries of single sites above 10 s."""
    for feed, slices in _by_feed(sight.newest_runs):
        slow = [runs[0] for runs in slices if _is_slow(sight, runs[0])]
        if slow:
            longest = max(slow, key=lambda run: run.finished_at - run.started_at)
            seconds = int((longest.finished_at - longest.started_at).total_seconds())
            yield Finding(feed, {"slice": longest.slice, "seconds": seconds, "slowestQueryMs": longest.slowest_ms})


def _is_slow(sight: Sight, run: EndedRun) -> bool:
    limit = _LIMIT_OF_FLOW.get(run.flow)
    if limit is not None and (run.finished_at - run.started_at) * 100 > limit * SLOW_PERCENT:
        return True
    query_ms = run.slowest_ms or 0
    if run.slice.endswith(OF_SITES):
        return query_ms > SLOW_SITE_QUERY_MS
    return query_ms > sight.runtime.settings.edw_feed_timeout_s * 10 * SLOW_PERCENT


def missing_rate_run(sight: Sight) -> Iterator[Finding]:
    """The job-code rates, when no run of them has succeeded for too long since the job was first due."""
    if schedule_of(RATE_JOB) is None:
        return
    last_good = alert_facts.last_good_run(sight.connection, RATE_FEED)
    since = last_good or alert_facts.first_slot(sight.connection, RATE_JOB)
    if since is not None and sight.now - since > RATE_RUN_EVERY:
        yield Finding(RATE_FEED, {"lastSuccess": last_good})


def stale_feeds(sight: Sight) -> Iterator[Finding]:
    """Feeds with old content, or without a run that succeeded for too long; those not in use are left out."""
    settings = sight.runtime.settings
    used = {name for name, feed in FEEDS.items() if feed.is_used(settings)} - NAMED_ONLY
    read: dict[str, datetime] = {}
    through: dict[str, date] = {}
    for row in sight.published:
        feed, newest_day = row["feed"], row["content_through"]
        read[feed] = max(read.get(feed, row["as_of"]), row["as_of"])
        if newest_day is not None:
            through[feed] = max(through.get(feed, newest_day), newest_day)
    tried = alert_facts.never_published(sight.connection, sight.now - TRIED_WITHIN)
    for feed in sorted(used):
        since = read.get(feed, tried.get(feed))
        if since is not None and sight.now - since > FEED_EVERY:
            yield Finding(feed, {"lastSuccess": read.get(feed)})
        elif feed in through and not is_fresh(through[feed], sight.now, settings):
            yield Finding(feed, {"contentThrough": through[feed]})


def queues_with_dead_letters(sight: Sight) -> Iterator[Finding]:
    """Queues with messages that nothing works off any more; worse when there are many."""
    for queue, messages in sight.dead_letters.items():
        if messages:
            yield Finding(queue, {"messages": messages}, is_worse=messages > MANY_DEAD_LETTERS)


def slow_queues(sight: Sight) -> Iterator[Finding]:
    """Queues whose oldest message has waited for too long."""
    for queue, oldest in sight.oldest_queued.items():
        if sight.now - oldest > LONGEST_WAIT:
            yield Finding(queue, {"oldest": oldest})


def unsent_messages(sight: Sight) -> Iterator[Finding]:
    """The outbox, when its oldest message has not been sent for too long."""
    messages, oldest = sight.unsent
    if oldest is not None and sight.now - oldest > LONGEST_WAIT:
        yield Finding("outbox", {"messages": messages, "oldest": oldest})


def failing_instances(sight: Sight) -> Iterator[Finding]:
    """Instances of the API that have measured too many errors and still do: they enter the alert themselves."""
    for state in sight.raised_by("api_errors"):
        measured = datetime.fromisoformat(state.details["measuredAt"])
        count = ErrorCount(state.details["requests"], state.details["errors"])
        if count.is_too_high and sight.now - measured <= MEASURED_WITHIN:
            yield Finding(state.subject, _own(state.details))


def high_flc_variances(sight: Sight) -> Iterator[Finding]:
    """Months of sites that were reported for their FLC and whose stored FLC is still as far from the budget."""
    raised = {tuple(state.subject.split(" ")): state for state in sight.raised_by("flc_variance")}
    months = [key for key in raised if len(key) == 2]
    if not months:
        return
    sites, periods = zip(*months, strict=True)
    stored = alert_facts.flc_of_months(sight.connection, set(sites), set(periods))
    limits = limits_of(sight.runtime.settings)
    for site_id, period in months:
        trend, budget = stored.get((site_id, period), (None, None))
        variance = variance_of_row(PnlRow.FLC, trend, budget, limits)
        if variance is not None and variance.severity is VarianceSeverity.HIGH:
            state = raised[site_id, period]
            yield Finding(state.subject, _own(state.details))


def unreachable_targets(sight: Sight) -> Iterator[Finding]:
    """Webhooks that have not taken notice of an alert that is raised."""
    everybody = {name_of_target(address) for address in sight.runtime.settings.alert_webhooks}
    untold: Counter[str] = Counter()
    for state in sight.raised:
        if TOLD in state.details:
            untold.update(everybody - set(state.details[TOLD]))
    for name, notices in sorted(untold.items()):
        yield Finding(f"webhook {name}", {"alerts": notices})


def _own(details: object) -> dict[str, object]:
    """What whoever raised an alert has entered, without what the evaluation keeps there."""
    assert isinstance(details, dict)
    return {name: value for name, value in details.items() if name not in OWN_MEMBERS}


def _by_feed(newest: Iterable[EndedRun]) -> list[tuple[str, list[list[EndedRun]]]]:
    """By feed, of every slice the newest run and the one before it."""
    slices: defaultdict[str, defaultdict[str, list[EndedRun]]] = defaultdict(lambda: defaultdict(list))
    for run in newest:
        slices[run.feed][run.slice].append(run)
    return [(feed, list(of_feed.values())) for feed, of_feed in sorted(slices.items())]
