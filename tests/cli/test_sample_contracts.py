"""The contracts of the sample: every kind of terms, acceptable to the import, near the budget."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from cli.sample.accounts import CHART
from cli.sample.contracts import contracts_yaml
from cli.sample.ledger_rows import budget_rows, planned_profiles
from cli.sample.sites import site_of
from cli.sample.staffing import SHIFT_DIFFERENTIAL
from shared_code.domain.account_figures import AccountFigures
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.internal_revenue import Components, price_contract
from shared_code.domain.labor_hours import forecast_hours
from shared_code.domain.revenue_share import forecast_month_revenue
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import Category
from shared_code.storage.contracts import contract_in_force, load_contracts
from tests.support.reference_world import ReferenceWorld

TODAY = date(2025, 6, 10)
PERIOD = "2025-03"
SITES, SEED = 12, 1


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Contract]]:
    """The contracts of the sample as they come back from a database into which they were imported."""
    world = ReferenceWorld(tmp_path_factory.mktemp("sample"))
    world.add_sites(*[site_of(number, SEED).code for number in range(SITES)])
    world.add_accounts(*[account for account, _, _ in CHART])
    report = world.import_yaml("contracts", contracts_yaml(TODAY, sites=SITES, seed=SEED))
    assert report.findings == ()
    with world.reading() as connection:
        found = load_contracts(connection, SiteScope.all_sites())
    in_force = {site: contract_in_force(stored, PERIOD) for site, stored in found.items()}
    yield {site: contract for site, contract in in_force.items() if contract is not None}
    world.close()


def test_every_site_but_one_of_twelve_has_a_contract(contracts: dict[str, Contract]) -> None:
    without = [n for n in range(SITES) if site_of(n, SEED).code not in contracts]
    assert without == [4]


def test_twelve_sites_have_every_kind_of_terms(contracts: dict[str, Contract]) -> None:
    types = {type_ for contract in contracts.values() for type_ in contract.contract_types}
    assert types == {
        ContractType.FIXED_FEE,
        ContractType.PER_OCCUPIED_ROOM,
        ContractType.PER_LABOR_HOUR,
        ContractType.REVENUE_SHARE,
        ContractType.BILLABLE_ACCOUNTS,
        ContractType.MANAGEMENT_AGREEMENT,
    }
    managed = [c.management for c in contracts.values() if c.pays_for(ContractType.MANAGEMENT_AGREEMENT)]
    assert {terms.fee.type.value for terms in managed if terms.fee} == {"fixed", "per_labor_hour", "revenue_percentage"}
    assert any(terms.profit_share.enabled for terms in managed)
    assert all(terms.claims.cap and terms.insurance.enabled for terms in managed)
    assert any(c.increment for c in contracts.values())
    shares = [share for c in contracts.values() for share in c.revenue_shares]
    assert {share.accumulation.value for share in shares} == {"monthly", "annual_calendar", "annual_anniversary"}
    assert any(share.revenue_categories for share in shares)


def test_the_terms_fit_the_text_of_the_site_master(contracts: dict[str, Contract]) -> None:
    for number in range(SITES):
        site = site_of(number, SEED)
        if site.code in contracts:
            named = site.contract.lower().replace(" ", "_")
            assert named in contracts[site.code].contract_types


def test_equal_arguments_make_equal_texts_and_a_larger_sample_contains_the_smaller_one() -> None:
    text = contracts_yaml(TODAY, sites=SITES, seed=SEED)
    assert text == contracts_yaml(TODAY, sites=SITES, seed=SEED)
    assert contracts_yaml(TODAY, sites=60, seed=SEED).startswith(text)


def test_sites_that_have_a_contract_already_can_be_left_out(contracts: dict[str, Contract]) -> None:
    assert contracts_yaml(TODAY, sites=SITES, seed=SEED, leave_out=contracts) == ""


@pytest.mark.parametrize("number", [number for number in range(SITES) if number != 4])
def test_a_contract_yields_about_what_is_budgeted(contracts: dict[str, Contract], number: int) -> None:
    site = site_of(number, SEED)
    budget: dict[str, Decimal] = {}
    for _, _, account, hundredths in budget_rows(site, PERIOD, SEED):
        if isinstance(hundredths, int):
            budget[str(account)] = budget.get(str(account), ZERO) + Decimal(hundredths) / 100
    components = _price(contracts[site.code], budget, number)
    planned = -sum((amount for account, amount in budget.items() if account in {"4790", "4791"}), ZERO)
    yielded = sum(components.amounts.values(), ZERO)
    assert planned * Decimal("0.85") < yielded < planned * Decimal("1.15")
    assert all(components.amounts[type_] > 0 for type_ in contracts[site.code].contract_types)


def _price(contract: Contract, budget: dict[str, Decimal], number: int) -> Components:
    """The contract in a month in which all goes as budgeted; nothing is accumulated yet."""
    profiles = planned_profiles(site_of(number, SEED), PERIOD, SEED)
    hours = {p.name: Decimal(p.hours) / 100 for p in profiles if p.name != SHIFT_DIFFERENTIAL}
    payroll = sum((amount for account, amount in budget.items() if account.startswith("60")), ZERO)
    volumes = site_of(number, SEED).volumes
    amounts = {Category(v.category.text.lower().replace(" ", "_")): Decimal(v.vehicles * v.rate) for v in volumes}
    drivers = ContractDrivers(
        external_revenue=forecast_month_revenue(budget["9410"], amounts),
        accumulated_shares=[ZERO] * len(contract.revenue_shares),
        occupied_rooms=budget.get("9440", ZERO),
        hours=forecast_hours((), hours),
        accounts=AccountFigures(budget=budget),
        site_pteb=sum((budget[account] for account in ("6200", "6399", "6500")), ZERO),
        insurance_row=payroll * Decimal("0.0577") + budget.get("7082", ZERO),
    )
    return price_contract(contract, PERIOD, drivers)
