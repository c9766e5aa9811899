"""What follows when rates have changed: the figures that depend on them are behind, and others are told.

Source: REST API, "Events"; Data model, "Results and snapshots" (inputs version).
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection

from shared_code.messaging.events import rates_messages
from shared_code.messaging.message import Message
from shared_code.storage import outbox, pnl_inputs, versions
from shared_code.storage.rates import Pair


def announce_rates(
    connection: Connection, changed: Iterable[Pair], effective_date: date, now: datetime, user_id: str, request_id: str
) -> None:
    """Raise the inputs versions of the site-years that `changed` (sites and job codes) concerns; leave the events.

    A rate stays in force, so it concerns the year of its effective date and every later year that is stored. Belongs
    into the transaction that changes the rates.
    """
    codes: dict[str, list[str]] = defaultdict(list)
    for site_id, job_code in changed:
        codes[site_id].append(job_code)
    if not codes:
        return
    year = effective_date.year
    site_years = {(site_id, year) for site_id in codes}
    site_years |= {(s, y) for s, y in pnl_inputs.stored_site_years(connection) if s in codes and y > year}
    raised: dict[str, dict[int, int]] = defaultdict(dict)
    for (site_id, raised_year), version in versions.raise_inputs_versions(connection, site_years, now).items():
        raised[site_id][raised_year] = version
    messages: list[Message] = []
    for site_id in sorted(codes):
        messages += rates_messages(site_id, codes[site_id], effective_date, raised[site_id], now, user_id, request_id)
    outbox.append(connection, messages, now)
