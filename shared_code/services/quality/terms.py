"""What a validation goes by: the limits of the settings, and the times that follow from the clock.

Source: Source side, "Data-quality rules"; Operations, "Settings" and "Monitoring and alerts".
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared_code.clock import business_date
from shared_code.domain.months import add_months, first_day, period_of
from shared_code.services.extraction.catalogue import FEEDS, NAMED_ONLY
from shared_code.services.extraction.quality import NORMAL_DELAY
from shared_code.services.rate_labor_reading import FEED as RATE_FEED
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.storage.quality.check import Terms

MONTHS_BACK: Final = 2
"""Facts of the current month and of so many before it are looked at: what feeds read again."""

WITHOUT_SUCCESS: Final = timedelta(hours=25)
"""How long a feed may be without success."""

IN_USE: Final = timedelta(days=8)
"""A kind of slice that has not run for so long is not read any more; the rarest is read once a week."""


def feeds_in_use(settings: Settings) -> tuple[str, ...]:
    """The feeds that the settings call for, in the order in which they are read."""
    used = [name for name, feed in FEEDS.items() if name not in NAMED_ONLY and feed.is_used(settings)]
    return (*used, RATE_FEED)


def terms_of(runtime: Runtime, feeds: Collection[str]) -> Terms:
    """The terms on which `feeds` are looked at now."""
    settings, now = runtime.settings, runtime.clock.now()
    period = add_months(period_of(business_date(runtime.clock, settings.source_time_zone)), -MONTHS_BACK)
    return Terms(
        now,
        tuple(feeds),
        period,
        first_day(period),
        now - IN_USE,
        now - WITHOUT_SUCCESS,
        _oldest_fresh_day(now, settings),
        settings.dq_completeness,
        settings.dq_max_reject_ratio,
        settings.dq_min_feed_ratio,
        settings.job_rate_min,
        settings.job_rate_max,
    )


def _oldest_fresh_day(now: datetime, settings: Settings) -> date:
    """The first day whose end lies no longer back than content may be old."""
    oldest = now.astimezone(UTC) - NORMAL_DELAY - timedelta(hours=settings.dq_max_age_hours)
    is_midnight = oldest.time() == time()
    return oldest.date() - timedelta(days=1 if is_midnight else 0)


__all__ = ["IN_USE", "MONTHS_BACK", "WITHOUT_SUCCESS", "feeds_in_use", "terms_of"]
