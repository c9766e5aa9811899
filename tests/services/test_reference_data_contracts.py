"""Contracts as documents: read whole, stored with all their terms, exported in the same shape."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from shared_code.domain.contract import Contract
from shared_code.domain.site_scope import SiteScope
from shared_code.services.reference_data.export_table import export_file
from shared_code.storage.contracts import StoredContract, load_contracts
from shared_code.storage.tables.contracts import contract_fees, contracts
from shared_code.storage.tables.messages import audit_events, cache_versions, outbox_messages
from shared_code.storage.tables.results import pnl_site_years
from tests.support.reference_world import FULL_CONTRACT, ReferenceWorld, changes_of, findings_of

FULL_DOCUMENT = """
site_id: tp001
contract_start: "2023-04-01"
contract_end: null
contract_types: [fixed_fee, per_occupied_room, per_labor_hour, revenue_share, billable_accounts, management_agreement,
  invoice_grouping, bell_service, mid_month_advance, deposited_revenue]
increment_month: "7"
increment_percent: "3.5"
fees:
  - {name: First year, fee: "4000.50", start: "2023-04-01", end: "2024-03-31"}
  - {name: Later years, fee: 4200, start: 2024-04-01, end: null}
occupied_room_rate: "3.405"
jobs:
  - {job_code: vlt1, rate: "24.125", overtime_rate: "36", start: "2023-04-01", end: "2024-12-31"}
  - {job_code: VLT1, rate: "25", overtime_rate: null, start: "2025-01-01"}
structures:
  - accumulation: annual_anniversary
    revenue_categories: []
    tiers:
      - {limit: "600000", percent: "30", effective_from: "2023-04-01", effective_to: "2025-12-31"}
      - {limit: "0", percent: "22.5"}
  - {accumulation: monthly, revenue_categories: [valet_daily, self_daily], tiers: [{limit: "0", percent: "50"}]}
accounts: [{account: "6000", enabled: true}, {account: "7045", enabled: true}, {account: "7113", enabled: false}]
additional_payroll: [{name: Credit, amount: "-250", excluded: true}]
pteb:
  enabled: true
  type: percentage
  percent: "22.5"
  start: "2023-04-01"
  escalator: {month: "1", type: fixed_amount, value: "0.5"}
support: {enabled: true, type: percentage, percent: "3", payroll_type: total}
management_agreement:
  fee:
    type: per_labor_hour
    start: "2023-05-01"
    escalator: {month: "4", type: percentage, value: "3"}
    jobs:
      - {job_code: GSA1, rate: "20", overtime_rate: "30", escalator_value: "2", overtime_escalator_value: "3",
         end: "2026-03-31"}
  insurance: {enabled: true, type: based_on_billable_accounts, additional_percent: "2.5"}
  claims: {enabled: true, type: annual_calendar, cap: "25000"}
  non_gl_items:
    - {title: Uniform plan, type: fixed, amount: "275", final_month: "2025-09"}
    - {type: payroll_percentage, percent: "0.5", payroll_type: billable, final_month: null}
  profit_share:
    enabled: true
    accumulation: annual_calendar
    tiers: [{limit: "250000", percent: "10"}, {limit: "0", percent: "20"}]
    start: "2023-06-01"
    escalator: {month: "1", type: percentage, value: "1"}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_accounts("6000", "7045", "7113")
    yield world
    world.close()


def _stored(world: ReferenceWorld, site_id: str = "TP001") -> list[StoredContract]:
    with world.reading() as connection:
        return load_contracts(connection, SiteScope.of([site_id])).get(site_id, [])


def _fee_document(start: str, fee: str = "1000", *, site: str = "TP001", more: str = "") -> str:
    return (
        f"---\nsite_id: {site}\ncontract_start: {start}\ncontract_types: [fixed_fee]\n"
        f"fees: [{{fee: '{fee}', start: {start}}}]\n{more}\n"
    )


def test_a_document_with_every_term_becomes_that_contract(world: ReferenceWorld) -> None:
    report = world.import_yaml("contracts", FULL_DOCUMENT)
    assert report.findings == ()
    (stored,) = _stored(world)
    assert stored.contract == FULL_CONTRACT
    assert (stored.contract_end, stored.disabled_accounts, stored.version) == (None, frozenset({"7113"}), 1)


def test_an_export_is_the_document_again_and_importing_it_changes_nothing(
    world: ReferenceWorld, tmp_path: Path
) -> None:
    world.import_yaml("contracts", FULL_DOCUMENT + _fee_document("2024-01-01", site="TP002"))
    target = tmp_path / "contracts.yaml"
    assert export_file(world.runtime, "contracts", target) == 2
    text = target.read_text()
    documents = list(yaml.safe_load_all(text))
    assert [(document["site_id"], document["version"]) for document in documents] == [("TP001", "1"), ("TP002", "1")]
    assert documents[0]["structures"][0]["tiers"][1] == {"limit": "0", "percent": "22.5"}
    assert documents[1]["fees"] == [{"fee": "1000", "start": "2024-01-01"}]
    again = world.import_yaml("contracts", text)
    assert (again.unchanged, list(again.changes), list(again.findings)) == (2, [], [])
    assert len(world.rows_of(contract_fees)) == 3


def test_an_exported_contract_can_be_imported_where_it_was_never_stored(world: ReferenceWorld, tmp_path: Path) -> None:
    world.import_yaml("contracts", FULL_DOCUMENT)
    export_file(world.runtime, "contracts", tmp_path / "contracts.yaml")
    text = (tmp_path / "contracts.yaml").read_text().replace("site_id: TP001", "site_id: TP002")
    assert world.import_yaml("contracts", text.replace("version: '1'\n", "")).is_good
    assert _stored(world, "TP002")[0].contract == FULL_CONTRACT


def test_a_changed_term_is_reported_by_its_path_and_audited(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01"))
    report = world.import_yaml("contracts", _fee_document("2024-01-01", "1250.50", more="version: 1"))
    assert changes_of(report) == [("change", "TP001 2024-01-01", {"fees[1].fee": ("1000", "1250.5")})]
    assert _stored(world)[0].contract.fees[0].fee == Decimal("1250.5")
    assert _stored(world)[0].version == 2
    cell = world.rows_of(audit_events)[-2]
    assert (cell.site_id, cell.item_key, cell.field) == ("TP001", "contracts: TP001 2024-01-01", "fees[1].fee")
    assert (cell.old_value, cell.new_value, cell.version, cell.source) == ("1000", "1250.5", 2, "import")


def test_a_contract_that_is_stored_has_to_bring_its_version_back(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01"))
    for more in ("", "version: 2"):
        report = world.import_yaml("contracts", _fee_document("2024-01-01", "1", more=more))
        assert [finding.column for finding in report.findings] == ["version"]
    assert _stored(world)[0].contract.fees[0].fee == 1000


def test_a_successor_needs_the_end_of_the_contract_before_it_which_may_stand_in_the_same_file(
    world: ReferenceWorld,
) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01"))
    successor = _fee_document("2026-01-01", "2000")
    refused = world.import_yaml("contracts", successor)
    assert findings_of(refused) == [("document 1, line 2", "contract_start", None)]
    assert "the contract of 2024-01-01 has no end" in refused.findings[0].text
    ended = _fee_document("2024-01-01", more="version: 1\ncontract_end: 2025-12-31")
    assert world.import_yaml("contracts", successor + ended).is_good
    assert [str(contract.contract_end) for contract in _stored(world)] == ["2025-12-31", "None"]


def test_contracts_of_one_file_must_not_overlap_either(world: ReferenceWorld) -> None:
    first = _fee_document("2024-01-01", more="contract_end: 2025-06-30")
    report = world.import_yaml("contracts", first + _fee_document("2025-06-30"))
    assert findings_of(report) == [("document 2, line 8", "contract_start", None)]
    assert _stored(world) == []


def test_a_deleted_contract_is_withdrawn_and_may_be_agreed_anew(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01"))
    report = world.import_yaml("contracts", "{site_id: TP001, contract_start: 2024-01-01, version: 1, delete: true}")
    assert changes_of(report)[0][:2] == ("delete", "TP001 2024-01-01")
    assert _stored(world) == []
    assert world.import_yaml("contracts", _fee_document("2024-01-01", "5")).is_good
    assert [row.is_active for row in sorted(world.rows_of(contracts), key=lambda row: row.is_active)] == [False, True]


def test_a_changed_contract_concerns_every_year_from_its_start_that_is_stored_or_may_be_read(
    world: ReferenceWorld,
) -> None:
    world.put(pnl_site_years, *({"site_id": "TP001", "year": year} for year in (2022, 2023, 2024)))
    world.import_yaml("contracts", _fee_document("2023-11-01"))
    versions = {row.tag: row.version for row in world.rows_of(cache_versions) if row.tag.startswith("inputs:")}
    assert versions == {f"inputs:TP001:{year}": 1 for year in (2023, 2024, 2025, 2026)}
    bodies = [(row.destination, json.loads(row.payload)) for row in world.rows_of(outbox_messages)]
    assert {body["eventType"] for _, body in bodies} == {"ContractChanged"}
    events = [body["period"] for destination, body in bodies if destination == "forecasting-events"]
    assert events == ["2023-11", "2023-12", *[f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]]
    queued = [
        (body["period"], body["inputsVersion"])
        for destination, body in bodies
        if destination == "forecasting.pl.refresh"
    ]
    assert queued == [("2023", 1), ("2024", 1), ("2025", 1)]


def test_a_contract_that_starts_beyond_what_is_read_raises_the_year_of_its_start(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2031-05-01"))
    assert [row.tag for row in world.rows_of(cache_versions) if row.tag.startswith("inputs:")] == ["inputs:TP001:2031"]


def test_a_dry_run_of_contracts_writes_nothing(world: ReferenceWorld) -> None:
    report = world.import_yaml("contracts", FULL_DOCUMENT, dry_run=True)
    assert report.is_good
    assert changes_of(report)[0][2]["management_agreement.claims.cap"] == (None, "25000")
    for table in (contracts, audit_events, cache_versions, outbox_messages):
        assert world.rows_of(table) == []


def test_sites_and_accounts_of_a_contract_must_exist(world: ReferenceWorld) -> None:
    document = FULL_DOCUMENT.replace("tp001", "TP009").replace('account: "7045"', 'account: "7999"')
    report = world.import_yaml("contracts", document)
    assert findings_of(report) == [
        ("document 1, line 2", "site_id", "TP009"),
        ("document 1, line 2", "accounts", "7999"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        ('fee: "4000.50"', "fee: lots", "fees[1].fee", "lots"),
        ('fee: "4000.50"', "fee: NaN", "fees[1].fee", "NaN"),
        ('fee: "4000.50"', "fee: 1e3", "fees[1].fee", "1e3"),
        ('fee: "4000.50"', 'fee: "0.00001"', "fees[1].fee", "0.00001"),
        ('fee: "4000.50"', f'fee: "{"9" * 5000}"', "fees[1].fee", "9" * 80 + "…"),
        ('fee: "4000.50"', "fee: [1]", "fees[1].fee", "['1']"),
        ('fee: "4000.50", start: "2023-04-01"', 'fee: "1"', "fees[1].start", None),
        ('end: "2024-03-31"', 'end: "2023-03-31"', "fees[1].end", "2023-03-31"),
        ('end: "2024-03-31"', 'end: "2023-02-30"', "fees[1].end", "2023-02-30"),
        ("contract_end: null", "contract_end: 2023-03-31", "contract_end", "2023-03-31"),
        ('contract_start: "2023-04-01"', "contract_start: null", "contract_start", None),
        ("[fixed_fee,", "[flat_fee,", "contract_types", "flat_fee"),
        ("[fixed_fee,", "[bell_service,", "contract_types", "bell_service"),
        ('increment_month: "7"', "increment_month: 13", "increment_month", "13"),
        ('occupied_room_rate: "3.405"', "occupied_room_rate: -1", "occupied_room_rate", "-1"),
        ('rate: "24.125"', "rate: 0", "jobs[1].rate", "0"),
        ('start: "2025-01-01"', 'start: "2024-12-31"', "jobs", "VLT1"),
        ('percent: "22.5"}', 'percent: "100.5"}', "structures[1].tiers[2].percent", "100.5"),
        ("accumulation: monthly", "accumulation: weekly", "structures[2].accumulation", "weekly"),
        ("[valet_daily,", "[valet_comps,", "structures[2].revenue_categories", "valet_comps"),
        ("enabled: false}", "enabled: perhaps}", "accounts[3].enabled", "perhaps"),
        ('account: "7113"', 'account: "7045"', "accounts[3].account", "7045"),
        ('month: "1", type: fixed_amount', "type: fixed_amount", "pteb.escalator.month", None),
        ("type: percentage, percent: \"3\"", "type: fixed, percent: 3", "support.percent", None),
        ("type: per_labor_hour", "type: per_car", "management_agreement.fee.type", "per_car"),
        ("cap: \"25000\"", "cap: -1", "management_agreement.claims.cap", "-1"),
        ('final_month: "2025-09"', "final_month: Y", "management_agreement.non_gl_items[1].final_month", "Y"),
        ("{type: payroll_percentage", "{type: share", "management_agreement.non_gl_items[2].type", "share"),
        ("{type: payroll_percentage", "{type: null", "management_agreement.non_gl_items[2].type", None),
        ("amount: \"275\"", "amount: null", "management_agreement.non_gl_items[1].amount", None),
        ("occupied_room_rate", "room_rate", "room_rate", None),
        ("cap:", "limit:", "management_agreement.claims.limit", None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_found_with_its_place_and_what_is_accepted(
    world: ReferenceWorld, old: str, new: str, column: str, value: str | None
) -> None:
    assert old in FULL_DOCUMENT
    report = world.import_yaml("contracts", FULL_DOCUMENT.replace(old, new, 1))
    assert findings_of(report) == [("document 1, line 2", column, value)]
    assert report.findings[0].accepted
    assert _stored(world) == []


def test_everything_wrong_is_found_at_once_and_nothing_is_stored(world: ReferenceWorld) -> None:
    bad = FULL_DOCUMENT.replace('"4000.50"', "x").replace('cap: "25000"', "cap: y")
    report = world.import_yaml("contracts", _fee_document("2024-01-01", site="TP002") + "---" + bad)
    assert [finding.value for finding in report.findings] == ["x", "y"]
    assert _stored(world, "TP002") == []


def test_an_increment_of_which_a_part_is_missing_is_none(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01", more="increment_month: 6\nincrement_percent: 0"))
    assert _stored(world)[0].contract.increment is None


def test_a_list_of_contracts_in_one_document_is_read_as_well(world: ReferenceWorld) -> None:
    report = world.import_yaml(
        "contracts",
        "- {site_id: TP001, contract_start: 2024-01-01, contract_types: []}\n"
        "- {site_id: TP002, contract_start: 2024-01-01, contract_types: [revenue_share]}\n",
    )
    assert (report.rows, len(report.changes), report.findings) == (2, 2, ())
    assert _stored(world)[0].contract == Contract(frozenset(), date(2024, 1, 1))


def test_the_number_of_statements_does_not_follow_the_number_of_sites(world: ReferenceWorld) -> None:
    counts = []
    world.import_yaml("contracts", FULL_DOCUMENT)
    for number in (3, 300):
        sites = [f"S{number}N{position}" for position in range(number)]
        world.add_sites(*sites)
        with world.counted_statements() as statements:
            assert world.import_yaml(
                "contracts", "".join(_fee_document("2025-01-01", site=site) for site in sites)
            ).is_good
            changed = "".join(_fee_document("2025-01-01", "7", site=site, more="version: 1") for site in sites)
            assert world.import_yaml("contracts", changed).is_good
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_replacing_keeps_the_number_of_the_contract(world: ReferenceWorld) -> None:
    world.import_yaml("contracts", _fee_document("2024-01-01"))
    (before,) = _stored(world)
    world.import_yaml("contracts", _fee_document("2024-01-01", "2", more="version: 1"))
    (after,) = _stored(world)
    assert replace(after, contract=before.contract, version=1) == before
