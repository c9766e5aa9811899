"""Contracts go into the database and come back whole, for any number of sites."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from shared_code.domain.contract import (
    Contract,
    ContractType,
    FeeType,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
)
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, NotFoundError
from shared_code.sql.types import new_identifier
from shared_code.storage import contract_writing
from shared_code.storage.contracts import StoredContract, contract_in_force, load_contracts
from shared_code.storage.tables.contracts import contract_fees, contract_share_tiers, contracts
from tests.support.operational import executed_statements, t_sql
from tests.support.reference_world import FULL_CONTRACT, ReferenceWorld, fixed_fee_contract

ALL = SiteScope.all_sites()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReferenceWorld]:
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_accounts("6000", "7045", "7113")
    yield world
    world.close()


def _new(site_id: str, contract: Contract, end: str | None = None) -> StoredContract:
    return StoredContract(new_identifier(), site_id, contract, None if end is None else date.fromisoformat(end))


def _add(world: ReferenceWorld, *stored: StoredContract, scope: SiteScope = ALL) -> None:
    with world.writing() as connection:
        contract_writing.add_contracts(connection, scope, stored, "tester", world.clock.now())


def _load(world: ReferenceWorld, scope: SiteScope = ALL) -> dict[str, list[StoredContract]]:
    with world.reading() as connection:
        return load_contracts(connection, scope)


def test_every_term_of_a_contract_comes_back_as_it_was_written(world: ReferenceWorld) -> None:
    stored = replace(_new("TP001", FULL_CONTRACT, "2027-03-31"), disabled_accounts=frozenset({"7113"}))
    _add(world, stored)
    assert _load(world) == {"TP001": [stored]}


def test_a_contract_without_terms_comes_back_without_terms(world: ReferenceWorld) -> None:
    bare = Contract(frozenset(), date(2024, 1, 1))
    _add(world, _new("TP001", bare))
    (stored,) = _load(world)["TP001"]
    assert stored.contract == bare


def test_an_agreement_without_a_fee_comes_back_without_a_fee(world: ReferenceWorld) -> None:
    contract = replace(FULL_CONTRACT, management=replace(FULL_CONTRACT.management, fee=None))
    _add(world, _new("TP001", contract))
    assert _load(world)["TP001"][0].contract == contract


def test_a_job_of_the_management_fee_without_a_start_is_there_from_the_first_month(world: ReferenceWorld) -> None:
    fee = ManagementFeeTerm(FeeType.PER_LABOR_HOUR, jobs=(ManagementJob("VLT1", Decimal(20)),))
    contract = Contract(
        frozenset({ContractType.MANAGEMENT_AGREEMENT}), date(2024, 5, 15), management=ManagementTerms(fee=fee)
    )
    _add(world, _new("TP001", contract))
    read = _load(world)["TP001"][0].contract.management.fee
    assert read is not None
    assert read.jobs[0].start == date(2024, 5, 1)


def test_contracts_of_a_site_come_oldest_first_and_those_out_of_scope_not_at_all(world: ReferenceWorld) -> None:
    _add(
        world,
        _new("TP001", fixed_fee_contract("2025-01-01")),
        _new("TP001", fixed_fee_contract("2023-01-01"), "2024-12-31"),
        _new("TP002", fixed_fee_contract("2024-01-01")),
    )
    found = _load(world, SiteScope.of(["TP001"]))
    assert [str(contract.contract_start) for contract in found["TP001"]] == ["2023-01-01", "2025-01-01"]
    assert list(found) == ["TP001"]
    with world.reading() as connection:
        assert list(load_contracts(connection, ALL, ["TP002", "TP999"])) == ["TP002"]
        assert load_contracts(connection, SiteScope.of([])) == {}


def test_any_number_of_sites_takes_one_statement_a_table(world: ReferenceWorld) -> None:
    counts = []
    for sites in (3, 300):
        codes = [f"S{sites}N{number}" for number in range(sites)]
        world.add_sites(*codes)
        _add(world, *[_new(code, FULL_CONTRACT) for code in codes])
        with world.reading() as connection, world.counted_statements() as statements:
            assert len(load_contracts(connection, ALL, codes)) == sites
        counts.append(len(statements))
    assert counts[0] == counts[1] == 14


def test_writing_takes_the_same_statements_for_three_sites_as_for_three_hundred(world: ReferenceWorld) -> None:
    counts = []
    for sites in (3, 300):
        codes = [f"S{sites}N{number}" for number in range(sites)]
        world.add_sites(*codes)
        stored = [_new(code, FULL_CONTRACT) for code in codes]
        with world.counted_statements() as statements:
            _add(world, *stored)
            with world.writing() as connection:
                contract_writing.replace_contracts(connection, ALL, stored, "tester", world.clock.now())
                changed = [replace(contract, version=2) for contract in stored]
                contract_writing.withdraw_contracts(connection, ALL, changed, "tester", world.clock.now())
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_replacing_gives_other_terms_and_leaves_nothing_of_the_old_ones(world: ReferenceWorld) -> None:
    stored = _new("TP001", FULL_CONTRACT)
    _add(world, stored, _new("TP002", FULL_CONTRACT))
    other = replace(stored, contract=fixed_fee_contract("2023-04-01", "99"), contract_end=date(2025, 12, 31))
    with world.writing() as connection:
        contract_writing.replace_contracts(connection, ALL, [other], "another", world.clock.now())
    assert _load(world)["TP001"] == [replace(other, version=2)]
    assert _load(world)["TP002"][0].contract == FULL_CONTRACT
    with world.reading() as connection:
        fees = connection.execute(select(func.count()).select_from(contract_fees)).scalar_one()
        tiers = connection.execute(select(func.count()).select_from(contract_share_tiers)).scalar_one()
    assert (fees, tiers) == (3, 5)
    (row,) = [row for row in world.rows_of(contracts) if row.site_id == "TP001"]
    assert (row.created_by, row.updated_by, row.version) == ("tester", "another", 2)


def test_a_contract_that_meanwhile_changed_is_not_replaced(world: ReferenceWorld) -> None:
    stored = _new("TP001", fixed_fee_contract("2024-01-01"))
    _add(world, stored)
    stale = replace(stored, version=7)
    with pytest.raises(ConflictError, match=r"TP001 that starts on 2024-01-01"), world.writing() as connection:
        contract_writing.replace_contracts(connection, ALL, [stale], "tester", world.clock.now())
    assert _load(world)["TP001"] == [stored]


def test_a_withdrawn_contract_is_gone_for_readers_and_stays_for_the_record(world: ReferenceWorld) -> None:
    stored = _new("TP001", FULL_CONTRACT)
    _add(world, stored)
    with world.writing() as connection:
        contract_writing.withdraw_contracts(connection, ALL, [stored], "tester", world.clock.now())
    assert _load(world) == {}
    (row,) = world.rows_of(contracts)
    assert (row.is_active, row.version) == (False, 2)
    _add(world, _new("TP001", FULL_CONTRACT))
    assert len(_load(world)["TP001"]) == 1


def test_a_site_has_at_most_one_open_contract(world: ReferenceWorld) -> None:
    _add(world, _new("TP001", fixed_fee_contract("2024-01-01")))
    with pytest.raises(IntegrityError):
        _add(world, _new("TP001", fixed_fee_contract("2025-01-01")))


def test_a_site_out_of_scope_is_not_written(world: ReferenceWorld) -> None:
    with pytest.raises(NotFoundError, match="TP002"):
        _add(world, _new("TP002", fixed_fee_contract("2024-01-01")), scope=SiteScope.of(["TP001"]))


@pytest.mark.parametrize(
    ("period", "fee"),
    [
        ("2023-12", None),
        ("2024-01", "100"),
        ("2025-06", "100"),  # it ends on 15 June: whole for June
        ("2025-07", None),  # the next one starts on 2 July
        ("2025-08", "200"),
        ("2031-01", "200"),
    ],
)
def test_the_contract_in_force_is_the_one_that_covers_the_first_of_the_month(period: str, fee: str | None) -> None:
    found = contract_in_force(
        [
            _new("TP001", fixed_fee_contract("2024-01-01", "100"), "2025-06-15"),
            _new("TP001", fixed_fee_contract("2025-07-02", "200")),
        ],
        period,
    )
    assert (None if found is None else str(found.fees[0].fee)) == fee


def test_the_statements_are_t_sql_that_sql_server_understands(world: ReferenceWorld) -> None:
    stored = _new("TP001", FULL_CONTRACT)
    with executed_statements(world.runtime.database) as statements:
        _add(world, stored)
        with world.writing() as connection:
            contract_writing.replace_contracts(connection, ALL, [stored], "tester", world.clock.now())
        _load(world, SiteScope.of(["TP001", "TP002"]))
    texts = [t_sql(statement) for statement in statements if not isinstance(statement, str)]
    assert any("OPENJSON" in text and "JOIN forecasting.contracts" in text for text in texts)
    assert any("WITH (UPDLOCK)" in text for text in texts)
