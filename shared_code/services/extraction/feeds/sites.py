"""The site master: sites, their regions and districts, and where a site belonged when.

Source: Source side, "Extraction queries" (E01); Data model, "Organisation, access, accounts".
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from shared_code.domain.months import period_of
from shared_code.domain.site_codes import normalise_site
from shared_code.services.extraction import windows
from shared_code.services.extraction.feed import (
    Feed,
    Publication,
    Published,
    Reading,
    Slice,
    SliceRequest,
    Transform,
    Transformed,
)
from shared_code.services.extraction.staging_transform import RowPicker, implausible
from shared_code.services.extraction.warehouse_reading import open_query
from shared_code.services.runtime import Runtime
from shared_code.storage import organisation, pnl_inputs, runs, sites
from shared_code.storage.organisation import organisation_code
from shared_code.storage.publication import SliceChanges
from shared_code.storage.tables.staging import stg_sites

TOTALS = ("total_rooms", "total_parking_spaces")
DETAILS = (
    "legal_entity",
    "pl_category",
    "cog_segment",
    "business_segment",
    "contract_type_text",
    "gl_string",
    "first_worked_date",
    "last_worked_date",
    "manager_employee_id",
)


def _slices(runtime: Runtime, request: SliceRequest) -> Sequence[Slice]:  # noqa: ARG001
    return windows.full()


def _transform(runtime: Runtime, connection: Connection, slice_: Slice, reading: Reading) -> Transform:  # noqa: ARG001
    picker = RowPicker(reading.columns, ("site", "site_name", "district", "region", *TOTALS, *DETAILS))
    listed: set[str] = set()

    def transform(rows: Sequence[tuple[Any, ...]]) -> Transformed:
        done = Transformed()
        for row in rows:
            spelling, name, district, region, rooms, spaces, *details = picker.pick(row)
            site_id = normalise_site(spelling)
            if site_id is None:
                picker.refuse(done, row, "INVALID_SITE", "site", None)
            elif site_id in listed:
                picker.refuse(done, row, "DUPLICATE_KEY", "site", site_id)
            elif field := implausible(TOTALS, (rooms, spaces)):
                picker.refuse(done, row, "VALUE_OUT_OF_RANGE", field, site_id)
            else:
                listed.add(site_id)
                organised = (organisation_code(district), district, organisation_code(region), region)
                done.rows.append((site_id, name, *organised, rooms, spaces, *details))
        return done

    return transform


def _publish(publication: Publication) -> Published:
    connection, run = publication.connection, publication.run
    changed_rooms = sites.rooms_that_change(connection, run)
    refused = {normalise_site(row.get("site")) for row in runs.refused_rows(connection, run.sync_run_id)}
    parts = (
        organisation.publish_regions_and_districts(connection, run, "system"),
        sites.publish_master(connection, run, filter(None, refused), "system"),
        organisation.publish_history(connection, run, period_of(publication.as_of)),
    )
    changes = SliceChanges(
        sum(part.inserted for part in parts),
        sum(part.updated for part in parts),
        touched=frozenset(
            (site_id, str(year))
            for site_id, year in pnl_inputs.stored_site_years(connection)
            if site_id in changed_rooms
        ),
    )
    return Published(changes, "ActualsLoaded")


FEED = Feed(
    name="sites",
    flow="sites",
    staging=stg_sites,
    columns=("site_id", "site_name", "district_code", "district", "region_code", "region", *TOTALS, *DETAILS),
    slices=_slices,
    open=open_query("sites"),
    transform=_transform,
    publish=_publish,
)
