"""Contract rates: rows of the history of entered rates, in which no day is covered twice."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError
from shared_code.services.held_lease import held
from shared_code.services.reference_data.export_table import export_file
from shared_code.storage.rates import rates_in_force
from shared_code.storage.tables.job_codes import site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import audit_events, cache_versions, outbox_messages
from shared_code.storage.tables.results import pnl_site_years
from tests.support.reference_world import ReferenceWorld, changes_of, findings_of

HEADER = "site_id,job_code_id,effective_date,hourly_rate,end_date,reason,version,delete"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_codes("VLT1", "GSA1")
    yield world
    world.close()


def _history(world: ReferenceWorld, site_id: str = "TP001") -> list[tuple[str, str, str, str | None, int]]:
    """Method, rate, first day, last day and version of the rates in use."""
    rates = site_job_code_rates.c
    query = (
        select(rates.calculation_method, rates.hourly_rate, rates.effective_date, rates.end_date, rates.version)
        .where(rates.superseded_at.is_(None), rates.site_id == site_id)
        .order_by(rates.rate_class.desc(), rates.effective_date)
    )
    with world.reading() as connection:
        return [
            (method, str(rate.normalize()), str(first), None if last is None else str(last), version)
            for method, rate, first, last, version in connection.execute(query)
        ]


def _put_rate(world: ReferenceWorld, method: str, effective: str, rate: str = "18") -> None:
    world.put(
        site_job_code_rates,
        {
            "site_id": "TP001",
            "job_code_id": "VLT1",
            "calculation_method": method,
            "hourly_rate": Decimal(rate),
            "effective_date": date.fromisoformat(effective),
            "end_date": None,
            "superseded_at": None,
            "version": 1,
        },
    )


def test_a_new_rate_ends_the_one_before_it_and_a_back_dated_one_ends_before_the_next(world: ReferenceWorld) -> None:
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,vlt1,2025-03-01,20,,,,").is_good
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-07-01,22.5,,,,").is_good
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-05-01,21,2025-12-31,,,").is_good
    assert _history(world) == [
        ("contract", "2E+1", "2025-03-01", "2025-04-30", 3),
        ("contract", "21", "2025-05-01", "2025-06-30", 1),
        ("contract", "22.5", "2025-07-01", None, 1),
    ]


def test_rates_of_one_file_end_each_other(world: ReferenceWorld) -> None:
    rows = ["TP001,VLT1,2025-07-01,22,,,,", "TP001,VLT1,2025-03-01,21,,,,", "TP001,GSA1,2025-05-01,19,2025-05-31,,,"]
    assert world.import_csv("site_job_code_rates", HEADER, *rows).is_good
    assert [(row[2], row[3]) for row in _history(world)] == [
        ("2025-03-01", "2025-06-30"),
        ("2025-05-01", "2025-05-31"),
        ("2025-07-01", None),
    ]


def test_a_contract_rate_takes_the_place_of_a_manual_one_of_its_date_and_leaves_calculated_ones(
    world: ReferenceWorld,
) -> None:
    world.add_pair("TP001", "VLT1")
    _put_rate(world, "manual", "2025-03-01")
    _put_rate(world, "weighted_average", "2025-03-01", "17")
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,25,,By contract,,").is_good
    assert [row[:3] for row in _history(world)] == [
        ("contract", "25", "2025-03-01"),
        ("weighted_average", "17", "2025-03-01"),
    ]
    with world.reading() as connection:
        (view,) = rates_in_force(
            connection, SiteScope.all_sites(), date(2025, 6, 1), job_code_id=None, limit=9, offset=0
        )
    assert (view.hourly_rate, view.calculation_method) == (Decimal(25), "contract")


def test_a_changed_rate_replaces_the_row_which_stays_for_the_record(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,,,,")
    stale = world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,21,,,,")
    assert findings_of(stale) == [("line 2", "version", None)]
    report = world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,21,,,1,")
    assert changes_of(report) == [("change", "TP001 VLT1 2025-03-01", {"hourly_rate": ("20", "21")})]
    assert _history(world) == [("contract", "21", "2025-03-01", None, 2)]
    assert len(world.rows_of(site_job_code_rates)) == 2


def test_a_rate_may_be_ended_and_opened_again(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,,,,")
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,2025-08-31,,1,").is_good
    assert _history(world) == [("contract", "2E+1", "2025-03-01", "2025-08-31", 2)]
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,,,2,").is_good
    assert _history(world) == [("contract", "2E+1", "2025-03-01", None, 3)]


def test_a_deleted_rate_is_out_of_use_and_no_other_method_is_touched(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,,,,")
    _put_rate(world, "fixed", "2025-01-01")
    assert findings_of(world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-01-01,,,,1,true")) == [
        ("line 2", None, "TP001 VLT1 2025-01-01")
    ]
    assert world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,,,,1,true").is_good
    assert [row[0] for row in _history(world)] == ["fixed"]


def test_an_export_holds_contract_rates_alone_and_comes_back_unchanged(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20.125,2025-08-31,By contract,,")
    _put_rate(world, "manual", "2025-12-01")
    target = world.folder / "out.csv"
    assert export_file(world.runtime, "site_job_code_rates", target) == 1
    assert target.read_text().splitlines() == [
        "site_id,job_code_id,effective_date,hourly_rate,end_date,reason,version",
        "TP001,VLT1,2025-03-01,20.125,2025-08-31,By contract,1",
    ]
    report = world.import_csv("site_job_code_rates", target.read_text())
    assert (report.unchanged, list(report.changes)) == (1, [])


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("TP009,VLT1,2025-03-01,20,,,,", "site_id"),
        ("TP001,VLT9,2025-03-01,20,,,,", "job_code_id"),
        ("TP001,VLT1,2025-03-01,0,,,,", "hourly_rate"),
        ("TP001,VLT1,2025-03-01,1000,,,,", "hourly_rate"),
        ("TP001,VLT1,2025-03-01,20.1234567,,,,", "hourly_rate"),
        ("TP001,VLT1,2025-03-01,20,2025-02-28,,,", "end_date"),
        ("TP001,VLT1,03/01/2025,20,,,,", "effective_date"),
        ("TP001,VLT1,,20,,,,", "effective_date"),
    ],
)
def test_a_rate_that_cannot_be_is_a_finding(world: ReferenceWorld, row: str, column: str) -> None:
    report = world.import_csv("site_job_code_rates", HEADER, row)
    assert [finding.column for finding in report.findings] == [column]
    assert world.rows_of(site_job_code_rates) == []


def test_a_code_that_the_site_did_not_use_yet_is_entered_there(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,20,,,,", "TP001,VLT1,2025-04-01,20,,,,")
    assert [(row.site_id, row.job_code_id) for row in world.rows_of(site_job_codes)] == [("TP001", "VLT1")]


def test_the_rate_of_a_salaried_code_is_not_shown_in_report_or_trail(world: ReferenceWorld) -> None:
    world.add_pair("TP001", "VLT1", is_salaried=True, salary="52000")
    report = world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2025-03-01,25,,,,")
    assert changes_of(report)[0][2] == {"hourly_rate": (None, "***")}
    assert [row.new_value for row in world.rows_of(audit_events) if row.field] == ["***"]


def test_each_site_and_date_is_announced_and_raises_the_years_from_the_date_on(world: ReferenceWorld) -> None:
    world.put(pnl_site_years, *({"site_id": "TP001", "year": year} for year in (2023, 2024)))
    world.import_csv(
        "site_job_code_rates",
        HEADER,
        "TP001,VLT1,2024-03-01,20,,,,",
        "TP001,GSA1,2024-03-01,20,,,,",
        "TP002,GSA1,2025-07-01,20,,,,",
    )
    assert {row.tag: row.version for row in world.rows_of(cache_versions) if row.tag.startswith("inputs:")} == {
        "inputs:TP001:2024": 1,
        "inputs:TP001:2025": 1,
        "inputs:TP001:2026": 1,
        "inputs:TP002:2025": 1,
        "inputs:TP002:2026": 1,
    }
    bodies = [(row.destination, json.loads(row.payload)) for row in world.rows_of(outbox_messages)]
    assert [
        (body["siteId"], body["jobCodes"], body["effectiveDate"])
        for destination, body in bodies
        if destination == "forecasting-events"
    ] == [("TP001", ["GSA1", "VLT1"], "2024-03-01"), ("TP002", ["GSA1"], "2025-07-01")]
    queue = "forecasting.payroll.calculate"
    assert [(body["siteId"], body["period"]) for destination, body in bodies if destination == queue] == [
        ("TP001", "2024"),
        ("TP001", "2025"),
        ("TP002", "2025"),
    ]


def test_nothing_is_written_while_somebody_enters_a_rate_of_the_same_site_and_code(world: ReferenceWorld) -> None:
    rows = ("TP001,VLT1,2025-03-01,20,,,,", "TP002,VLT1,2025-03-01,20,,,,")
    with (
        held(world.runtime.database, "rate:TP002:VLT1", 60),
        pytest.raises(ConflictError, match="rate:TP002:VLT1"),
    ):
        world.import_csv("site_job_code_rates", HEADER, *rows)
    assert world.rows_of(site_job_code_rates) == []
    assert world.import_csv("site_job_code_rates", HEADER, *rows).is_good


def test_the_number_of_statements_does_not_follow_the_number_of_rates(world: ReferenceWorld) -> None:
    world.import_csv("site_job_code_rates", HEADER, "TP001,VLT1,2020-01-01,20,,,,")
    counts = []
    for number in (3, 300):
        sites = [f"S{number}N{position}" for position in range(number)]
        world.add_sites(*sites)
        days = [date(2025, 1, 1) + timedelta(days=position) for position in range(number)]
        new = [f"{site},VLT1,{day},20,,,," for site, day in zip(sites, days, strict=True)]
        with world.counted_statements() as statements:
            assert world.import_csv("site_job_code_rates", HEADER, *new).is_good
        counts.append(len(statements))
    assert counts[0] == counts[1]
