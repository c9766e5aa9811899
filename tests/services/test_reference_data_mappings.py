"""Mappings, currency rates, roles and flags: merged by key, with versions, audited and announced."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.errors import ConflictError, InvalidInputError
from shared_code.services.held_lease import held
from shared_code.services.reference_data.export_table import export_file, export_table
from shared_code.services.reference_data.import_table import LEASE
from shared_code.storage.tables.access import app_users, user_roles, user_scopes
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.mappings import (
    account_mappings,
    currency_rates,
    excluded_job_profiles,
    job_profile_mappings,
)
from shared_code.storage.tables.messages import audit_events, cache_versions, integration_audit_events, outbox_messages
from shared_code.storage.tables.organisation import districts, sites
from shared_code.storage.tables.results import pnl_site_years
from tests.support.reference_world import OPERATOR, ReferenceWorld, changes_of, findings_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001", "0170")
    world.add_accounts("6000", "7045")
    world.add_codes("VLT1", "GSA1", default_rate="15")
    yield world
    world.close()


def _export(world: ReferenceWorld, table: str) -> list[dict[str, Any]]:
    with export_table(world.runtime, table) as export:
        return [dict(row) for row in export.rows]


def _versions(world: ReferenceWorld) -> dict[str, int]:
    """The counters of inputs and permissions; those of kept answers are not looked at here."""
    rows = world.rows_of(cache_versions)
    return {row.tag: row.version for row in rows if row.tag != "shared" and not row.tag.startswith("site:")}


def _messages(world: ReferenceWorld) -> list[tuple[str, str, str, str | None]]:
    """Destination, subject, site and period of what waits in the outbox."""
    found = []
    for row in world.rows_of(outbox_messages):
        body = json.loads(row.payload)
        found.append((row.destination, row.subject, body["siteId"], body.get("period")))
    return found


def test_new_rows_are_added_and_rows_that_the_file_does_not_name_stay(world: ReferenceWorld) -> None:
    first = world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08", "cad,2025-04,0.72")
    assert first.is_good
    second = world.import_csv("currency_rates", "period,currency,rate_to_usd", "2025-05,EUR,1.09")
    assert changes_of(second) == [("add", "EUR 2025-05", {"rate_to_usd": (None, "1.09")})]
    assert _export(world, "currency_rates") == [
        {"currency": "CAD", "period": "2025-04", "rate_to_usd": "0.72", "version": "1"},
        {"currency": "EUR", "period": "2025-04", "rate_to_usd": "1.08", "version": "1"},
        {"currency": "EUR", "period": "2025-05", "rate_to_usd": "1.09", "version": "1"},
    ]


def test_a_changed_row_brings_its_version_back_and_gets_the_next_one(world: ReferenceWorld) -> None:
    world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08")
    report = world.import_csv("currency_rates", "currency,period,rate_to_usd,version", "EUR,2025-04,1.1,1")
    assert changes_of(report) == [("change", "EUR 2025-04", {"rate_to_usd": ("1.08", "1.1")})]
    (row,) = world.rows_of(currency_rates)
    assert (row.rate_to_usd, row.version, row.updated_by) == (Decimal("1.1"), 2, OPERATOR)


@pytest.mark.parametrize("version", ["", "1", "3"])
def test_a_row_that_meanwhile_became_another_version_refuses_the_whole_file(
    world: ReferenceWorld, version: str
) -> None:
    header = "currency,period,rate_to_usd,version"
    world.import_csv("currency_rates", header, "EUR,2025-04,1.08,")
    world.import_csv("currency_rates", header, "EUR,2025-04,1.09,1")
    report = world.import_csv("currency_rates", header, "GBP,2025-04,1.25,", f"EUR,2025-04,1.5,{version}")
    assert [finding.column for finding in report.findings] == ["version"]
    assert "version 2" in report.findings[0].text
    assert [(row["currency"], row["rate_to_usd"]) for row in _export(world, "currency_rates")] == [("EUR", "1.09")]


def test_an_unchanged_export_changes_nothing_and_is_not_audited(world: ReferenceWorld, tmp_path: Path) -> None:
    world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08", "CAD,2025-04,0.72")
    audited = len(world.rows_of(integration_audit_events))
    for name in ("rates.csv", "rates.yaml"):
        assert export_file(world.runtime, "currency_rates", tmp_path / name) == 2
        text = (tmp_path / name).read_text()
        kind = world.import_csv if name.endswith("csv") else world.import_yaml
        report = kind("currency_rates", text)
        assert (report.unchanged, list(report.changes), list(report.findings)) == (2, [], [])
    assert len(world.rows_of(integration_audit_events)) == audited


def test_delete_takes_a_row_out_with_its_version(world: ReferenceWorld) -> None:
    world.import_csv("excluded_job_profiles", "job_profile,reason", "night premium,shift_differential")
    header = "job_profile,reason,version,delete"
    assert not world.import_csv("excluded_job_profiles", header, "Night Premium,,,true").is_good
    assert not world.import_csv("excluded_job_profiles", header, "DAY PREMIUM,,1,true").is_good
    report = world.import_csv("excluded_job_profiles", header, "Night Premium,,1,true")
    assert changes_of(report) == [("delete", "NIGHT PREMIUM", {"reason": ("shift_differential", None)})]
    assert [row.job_profile for row in world.rows_of(excluded_job_profiles)] == ["SHIFT DIFFERENTIAL"]


def test_only_the_rows_that_are_named_are_deleted_or_replaced(world: ReferenceWorld) -> None:
    header = "source_account,effective_from,effective_to,main_account,sign_factor"
    rows = [f"A{number},2025-{month},2025-{month},6000,1" for number in (1, 2) for month in ("01", "02")]
    assert world.import_csv("account_mappings", header, *rows).is_good
    report = world.import_csv(
        "account_mappings",
        f"{header},version,delete",
        "A1,2025-02,2025-02,6000,1,1,true",
        "A2,2025-01,2025-01,7045,-1,1,false",
    )
    assert report.is_good
    assert [(*map(str, row[:4]), row.version) for row in world.rows_of(account_mappings)] == [
        ("A1", "6000", "1", "2025-01", 1),
        ("A2", "7045", "-1", "2025-01", 2),
        ("A2", "6000", "1", "2025-02", 1),
    ]


def test_a_dry_run_reports_the_changes_and_writes_nothing(world: ReferenceWorld) -> None:
    report = world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08", dry_run=True)
    assert changes_of(report) == [("add", "EUR 2025-04", {"rate_to_usd": (None, "1.08")})]
    assert report.dry_run
    assert _export(world, "currency_rates") == []
    assert world.rows_of(integration_audit_events) == []


def test_every_changed_cell_is_audited_as_an_import_beside_its_schema(world: ReferenceWorld) -> None:
    world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08")
    world.import_csv("currency_rates", "currency,period,rate_to_usd,version", "EUR,2025-04,1.1,1")
    cell, event = world.rows_of(integration_audit_events)[2:]
    assert (cell.source, cell.user_id, cell.module) == ("import", OPERATOR, "reference-data")
    assert (cell.item_key, cell.field) == ("currency_rates: EUR 2025-04", "rate_to_usd")
    assert (cell.old_value, cell.new_value, cell.version) == ("1.08", "1.1", 2)
    assert (event.item_key, event.field, event.new_value) == ("currency_rates", None, "0 add, 1 change, 0 delete")
    assert cell.request_id == event.request_id
    assert world.rows_of(audit_events) == []


def test_a_mapping_is_no_input_by_itself(world: ReferenceWorld) -> None:
    world.import_csv(
        "job_profile_mappings", "site_id,job_profile,job_code_id,effective_from", "tp001,Valet,vlt1,2025-01"
    )
    (row,) = world.rows_of(job_profile_mappings)
    assert (row.site_id, row.job_profile, row.job_code_id, row.source) == ("TP001", "VALET", "VLT1", "manual")
    assert (_versions(world), _messages(world)) == ({}, [])


def test_mappings_must_name_what_exists(world: ReferenceWorld) -> None:
    profiles = world.import_csv(
        "job_profile_mappings", "site_id,job_profile,job_code_id,effective_from", "170,VALET,VLT9,2025-01"
    )
    assert findings_of(profiles) == [("line 2", "site_id", "170"), ("line 2", "job_code_id", "VLT9")]
    families = world.import_csv("job_family_mappings", "source_code,job_family_id", "GSA*,porter")
    assert findings_of(families) == [("line 2", "job_family_id", "porter")]
    mapped = world.import_csv(
        "account_mappings", "source_account,effective_from,main_account,sign_factor", "X,2025-01,1,1"
    )
    assert findings_of(mapped) == [("line 2", "main_account", "1")]


@pytest.mark.parametrize(
    ("first", "second", "is_good"),
    [
        ("2025-01,2025-06", "2025-07,", True),
        ("2025-01,2025-07", "2025-07,", False),
        ("2025-01,", "2025-07,", False),
        ("2025-07,", "2025-01,2025-06", True),
        ("2025-02,2025-01", "2025-07,", False),
    ],
)
def test_mappings_of_one_source_do_not_overlap_in_time(
    world: ReferenceWorld, first: str, second: str, *, is_good: bool
) -> None:
    header = "effective_from,effective_to,source_account,main_account,sign_factor"
    assert world.import_csv("account_mappings", header, f"{first},A1,6000,1", f"{second},A1,7045,1").is_good is is_good


def test_an_overlap_with_a_stored_row_is_found_unless_the_file_ends_it(world: ReferenceWorld) -> None:
    header = "source_account,effective_from,effective_to,main_account,sign_factor,version"
    world.import_csv("account_mappings", header, "A1,2025-01,,6000,1,")
    new = "A1,2025-07,,7045,1,"
    assert findings_of(world.import_csv("account_mappings", header, new)) == [("line 2", "effective_from", None)]
    assert world.import_csv("account_mappings", header, new, "A1,2025-01,2025-06,6000,1,1").is_good


def test_roles_and_scopes_are_assigned_by_principal_name_ignoring_case(world: ReferenceWorld) -> None:
    world.put(districts, {"district_code": "EAST 1", "region_code": None})
    assert world.import_csv("user_roles", "principal_name,role_code", "Ada@example.com,district_manager").is_good
    report = world.import_csv(
        "user_scopes",
        "principal_name,role_code,scope_type,scope_value",
        "ada@EXAMPLE.com,district_manager,district,EAST 1",
        "ada@example.com,corporate_viewer,all,",
        "ada@example.com,account_manager,site,tp001",
    )
    assert report.is_good
    (user,) = world.rows_of(app_users)
    assert user.principal_name == "Ada@example.com"
    assert {(row.scope_type, row.scope_value, row.source) for row in world.rows_of(user_scopes)} == {
        ("district", "EAST 1", "manual"),
        ("all", "*", "manual"),
        ("site", "TP001", "manual"),
    }
    assert _versions(world) == {"permissions:Ada@example.com": 2}


def test_an_assignment_of_the_feed_is_neither_shown_nor_taken_away(world: ReferenceWorld) -> None:
    world.import_csv("user_roles", "principal_name,role_code", "ada@example.com,account_manager")
    (user,) = world.rows_of(app_users)
    world.put(user_roles, {"user_id": user.user_id, "role_code": "account_manager", "source": "workday"})
    assert _export(world, "user_roles") == [
        {"principal_name": "ada@example.com", "role_code": "account_manager", "version": "1"}
    ]
    header = "principal_name,role_code,version,delete"
    assert world.import_csv("user_roles", header, "ada@example.com,account_manager,1,true").is_good
    assert [row.source for row in world.rows_of(user_roles)] == ["workday"]
    assert [(row.item_key, row.reason) for row in world.rows_of(audit_events) if row.field is None and row.reason] == [
        ("user_roles: ada@example.com account_manager", "add"),
        ("user_roles: ada@example.com account_manager", "delete"),
    ]


def test_a_scope_names_a_site_district_or_region_that_exists(world: ReferenceWorld) -> None:
    report = world.import_csv(
        "user_scopes",
        "principal_name,role_code,scope_type,scope_value",
        "a@b.c,account_manager,site,TP999",
        "a@b.c,district_manager,district,NOWHERE",
        "a@b.c,regional_vp,planet,EARTH",
        "a@b.c,corporate_viewer,all,TP001",
        "two words,account_manager,site,TP001",
    )
    assert findings_of(report) == [
        ("line 4", "scope_type", "planet"),
        ("line 5", "scope_value", "TP001"),
        ("line 6", "principal_name", "two words"),
        ("line 2", "scope_value", "TP999"),
        ("line 3", "scope_value", "NOWHERE"),
    ]
    assert world.rows_of(app_users) == []


def _store_pnl(world: ReferenceWorld, *site_years: tuple[str, int]) -> None:
    world.put(pnl_site_years, *({"site_id": site, "year": year} for site, year in site_years))


def test_a_default_rate_concerns_every_stored_year_of_every_site_that_uses_the_code(world: ReferenceWorld) -> None:
    world.add_pair("TP001", "VLT1")
    world.add_pair("0170", "GSA1")
    _store_pnl(world, ("TP001", 2023), ("0170", 2023))
    report = world.import_csv("job_codes", "job_code_id,default_hourly_rate,version", "vlt1,16.25,1")
    assert changes_of(report) == [("change", "VLT1", {"default_hourly_rate": ("15", "16.25")})]
    assert {row.job_code_id: (str(row.default_hourly_rate), row.version) for row in world.rows_of(job_codes)} == {
        "VLT1": ("16.250000", 2),
        "GSA1": ("15.000000", 1),
    }
    assert _versions(world) == {f"inputs:TP001:{year}": 1 for year in (2023, 2024, 2025, 2026)}
    assert _messages(world) == [
        ("forecasting-events", "JobRatesUpdated", "TP001", None),
        ("forecasting.payroll.calculate", "JobRatesUpdated", "TP001", "2023"),
        ("forecasting.payroll.calculate", "JobRatesUpdated", "TP001", "2025"),
    ]
    body = json.loads(world.rows_of(outbox_messages)[0].payload)
    assert (body["jobCodes"], body["effectiveDate"], body["userId"]) == (["VLT1"], "2025-06-10", OPERATOR)


def test_a_default_rate_may_be_taken_away_but_is_never_zero(world: ReferenceWorld) -> None:
    header = "job_code_id,default_hourly_rate,version"
    refused = world.import_csv("job_codes", header, "VLT1,0,1", "GSA1,1000,1")
    assert findings_of(refused) == [("line 2", "default_hourly_rate", "0"), ("line 3", "default_hourly_rate", "1000")]
    assert world.import_csv("job_codes", header, "VLT1,,1").is_good
    assert {row.job_code_id: row.default_hourly_rate for row in world.rows_of(job_codes)}["VLT1"] is None


def test_masters_are_neither_added_nor_deleted(world: ReferenceWorld) -> None:
    report = world.import_csv("sites", "site_id,time_zone,delete", "TP999,America/Chicago,", "TP001,,true")
    assert findings_of(report) == [("line 2", None, "TP999"), ("line 3", "delete", "true")]
    columns = world.import_csv("sites", "site_id,time_zone,version,name", "TP001,America/Chicago,1,Other")
    assert findings_of(columns) == [("line 2", "name", None)]
    assert "site_id" in columns.findings[0].accepted


def test_the_salaried_flag_of_a_site_is_changed_and_announced(world: ReferenceWorld) -> None:
    world.add_pair("TP001", "VLT1", salary="50000")
    world.add_pair("TP001", "GSA1")
    report = world.import_csv(
        "site_job_codes", "site_id,job_code_id,is_salaried,version", "TP001,VLT1,TRUE,1", "TP001,GSA1,0,1"
    )
    assert (changes_of(report), report.unchanged) == (
        [("change", "TP001 VLT1", {"is_salaried": ("false", "true")})],
        1,
    )
    assert {row.job_code_id: row.is_salaried for row in world.rows_of(site_job_codes)} == {"VLT1": True, "GSA1": False}
    assert ("forecasting-events", "JobRatesUpdated", "TP001", None) in _messages(world)
    assert _versions(world) == {f"inputs:TP001:{year}": 1 for year in (2024, 2025, 2026)}


def test_a_time_zone_must_exist_and_asks_for_a_refresh_of_the_site(world: ReferenceWorld) -> None:
    header = "site_id,time_zone,version"
    assert findings_of(world.import_csv("sites", header, "TP001,Mars/Base,1")) == [("line 2", "time_zone", "Mars/Base")]
    assert world.import_csv("sites", header, "0170,America/Chicago,1").is_good
    assert {row.site_id: row.time_zone for row in world.rows_of(sites)} == {"0170": "America/Chicago", "TP001": None}
    assert _versions(world) == {f"inputs:0170:{year}": 1 for year in (2024, 2025, 2026)}
    assert _messages(world) == [("forecasting.pl.refresh", "RefreshRequested", "0170", "2025")]


def test_only_tables_of_reference_data_are_accepted(world: ReferenceWorld) -> None:
    with pytest.raises(
        InvalidInputError, match=r"'accounts' is no table of reference data. Accepted: contracts, user_"
    ):
        world.import_csv("accounts", "main_account", "1")


def test_two_imports_never_work_at_once(world: ReferenceWorld) -> None:
    with held(world.runtime.database, LEASE, 60), pytest.raises(ConflictError, match="being imported already"):
        world.import_csv("currency_rates", "currency,period,rate_to_usd", "EUR,2025-04,1.08")


def test_the_number_of_statements_does_not_follow_the_number_of_rows(world: ReferenceWorld) -> None:
    counts = []
    for rows in (1, 3, 300):
        header = "code_or_text,category,version,delete"
        codes = [f"R{rows}X{number}" for number in range(rows)]
        with world.counted_statements() as statements:
            assert world.import_csv(
                "revenue_code_mappings", header, *[f"{code},valet_daily,," for code in codes]
            ).is_good
            changed = [f"{code},self_daily,1," for code in codes]
            assert world.import_csv("revenue_code_mappings", header, *changed).is_good
            gone = [f"{code},,2,true" for code in codes]
            assert world.import_csv("revenue_code_mappings", header, *gone).is_good
        counts.append(len(statements))
    assert counts[1] == counts[2]
