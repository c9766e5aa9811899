"""Contracts of the sample's sites: what `townepark data import contracts` would be given by the finance department.

Each follows the contract text of its site and is priced like the site's budget, so that what the contract yields lies
near what was budgeted. Together the first twelve sites have every kind of terms; one of them has no contract, and is on
budget.

Source: Data model, "Reference data that no feed brings"; Golden cases, "Fields per calculator"; Calculations, "Internal
revenue".
"""

from collections.abc import Container, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from cli.sample import agreed_prices
from cli.sample.accounts import ACCOUNT_NAMES
from cli.sample.chance import per_mille
from cli.sample.seasons import price_level
from cli.sample.sites import SampleSite, site_of
from cli.sample.staffing import Position
from cli.sample.volumes import Kind

Document = dict[str, Any]
"""A contract, or a part of one, as a file has it; amounts are texts."""

_YEARS_AGO = 2
"""The amounts were agreed at the prices of so many years ago, and grow by three percent a year since."""

_ON_BUDGET = 4
_ROUND = 24
"""Of every so many sites one has no contract."""


def contracts_yaml(business_date: date, *, sites: int, seed: int, leave_out: Container[str] = ()) -> str:
    """The contracts of a sample as one YAML text, a document a contract. Equal arguments make equal texts.

    `leave_out` are sites that have a contract already.
    """
    every = sample_contracts(business_date, sites=sites, seed=seed)
    documents = (document for document in every if document["site_id"] not in leave_out)
    text: str = yaml.safe_dump_all(documents, explicit_start=True, sort_keys=False, width=120)
    return text


def sample_contracts(business_date: date, *, sites: int, seed: int) -> Iterator[Document]:
    """The contract of each site that has one."""
    for number in range(sites):
        if number % _ROUND != _ON_BUDGET:
            yield contract_of(site_of(number, seed), business_date.year - _YEARS_AGO)


def contract_of(site: SampleSite, agreed_in: int) -> Document:
    """The contract of a site, at the prices of the year `agreed_in`."""
    start = date(agreed_in - 1, 1 + site.number % 12, 1)
    head = {"site_id": site.code, "contract_start": start.isoformat(), "contract_end": None}
    return head | _TERMS[site.contract](site, agreed_in)


def _fixed_fee(site: SampleSite, agreed_in: int) -> Document:
    """A fee a month; some sites pay a fifth of it in another way: by room, by hour, or by the expenses themselves."""
    price = per_mille(agreed_prices.monthly_price(site), price_level(agreed_in))
    if site.number % 4 == 3 and site.occupied_rooms:
        types = ["fixed_fee", "per_occupied_room"]
        return _fees(types, price * 4 // 5, agreed_in) | {
            "occupied_room_rate": _dollars(_room_price(site, agreed_in) // 5)
        }
    if site.kind is Kind.HOSPITAL:
        hour_price = per_mille(agreed_prices.hour_price(site), price_level(agreed_in)) // 5
        return _fees(["fixed_fee", "per_labor_hour"], price * 4 // 5, agreed_in) | {
            "jobs": [_job(position, hour_price, date(agreed_in, 1, 1)) for position in site.positions]
        }
    if site.kind is Kind.OTHER:
        expenses = sum(site.expenses.values())
        return _fees(["fixed_fee", "billable_accounts"], max(price - expenses, price // 5), agreed_in) | {
            "accounts": [{"account": account, "enabled": True} for account in site.expenses],
            "support": {"enabled": True, "type": "fixed", "amount": "150"},
        }
    return _fees(["fixed_fee"], price, agreed_in)


def _fees(types: list[str], cents: int, agreed_in: int) -> Document:
    """A fee that grows by three percent every January."""
    return {
        "contract_types": types,
        "increment_month": "1",
        "increment_percent": "3",
        "fees": [{"name": "Parking services", "fee": _dollars(cents), "start": f"{agreed_in}-01-01", "end": None}],
    }


def _per_occupied_room(site: SampleSite, agreed_in: int) -> Document:
    return {"contract_types": ["per_occupied_room"], "occupied_room_rate": _dollars(_room_price(site, agreed_in))}


def _room_price(site: SampleSite, agreed_in: int) -> int:
    """Cents a night, which no increment touches: they are agreed for the prices of today."""
    return per_mille(agreed_prices.room_price(site), price_level(agreed_in + _YEARS_AGO))


def _per_labor_hour(site: SampleSite, agreed_in: int) -> Document:
    price = per_mille(agreed_prices.hour_price(site), price_level(agreed_in))
    return {
        "contract_types": ["per_labor_hour"],
        "increment_month": "1",
        "increment_percent": "3",
        "jobs": [_job(position, price, date(agreed_in, 1, 1)) for position in site.positions],
    }


def _job(position: Position, price: int, start: date) -> Document:
    """A row of hourly prices; overtime costs half as much again."""
    overtime = price * 3 // 2
    return {
        "job_code": position.title,
        "rate": _dollars(price),
        "overtime_rate": _dollars(overtime),
        "start": start.isoformat(),
        "end": None,
    }


def _revenue_share(site: SampleSite, agreed_in: int) -> Document:
    """A share of all revenue, lower from the middle of the year on; at some sites one of each side of the house."""
    share = agreed_prices.revenue_share(site)
    if site.number % 4 == 1:
        whole = [{"limit": "0", "percent": str(share)}]
        structures = [_structure("monthly", whole, side) for side in ("valet", "self")]
    else:
        half_a_year = 6 * per_mille(agreed_prices.usual_revenue(site), price_level(agreed_in + _YEARS_AGO)) // 100
        tiers = [
            {"limit": str(half_a_year // 1000 * 1000), "percent": str(share + 1)},
            {"limit": "0", "percent": str(share - 1)},
        ]
        structures = [_structure("annual_anniversary" if site.number % 3 == 2 else "annual_calendar", tiers)]
    return {"contract_types": ["revenue_share"], "structures": structures}


def _structure(accumulation: str, tiers: list[Document], side: str | None = None) -> Document:
    """A share in tiers, of the categories of one side or of all."""
    stays = () if side is None else ("daily", "overnight", "monthly", "aggregator")
    return {
        "accumulation": accumulation,
        "revenue_categories": [f"{side}_{stay}" for stay in stays],
        "tiers": [dict(tier) for tier in tiers],
    }


def _management_agreement(site: SampleSite, agreed_in: int) -> Document:
    """The costs are passed through, with a fee, and with a share of the profit at a third of the sites."""
    return {
        "contract_types": ["management_agreement"],
        "accounts": [{"account": account, "enabled": True} for account in _passed_through(site)],
        "additional_payroll": [{"name": "Training", "amount": "200", "excluded": bool(site.number % 2)}],
        "pteb": _pteb(site, agreed_in),
        "support": {"enabled": True, "type": "percentage", "percent": "0.5", "payroll_type": "total"},
        "management_agreement": {
            "fee": _management_fee(site, agreed_in),
            "insurance": {"enabled": True, "type": "based_on_billable_accounts", "additional_percent": "2.5"},
            "claims": {"enabled": True, "type": "annual_calendar", "cap": "12000"},
            "non_gl_items": [{"title": "Uniform plan", "type": "fixed", "amount": "175"}],
            "profit_share": _profit_share(site),
        },
    }


def _passed_through(site: SampleSite) -> list[str]:
    """The accounts of payroll, of the site's own expenses and rent, and those that insurance and claims take over."""
    payroll = [account for account in ACCOUNT_NAMES if account.startswith("60")]
    rent = ["7170"] if site.rent else []
    return sorted({*payroll, *site.expenses, *rent, "7080", "7082", "7085", "7099", "7100", "7101", "7102"})


def _pteb(site: SampleSite, agreed_in: int) -> Document:
    """As it is, or a percentage that grows a little every January."""
    if site.number % 2:
        return {"enabled": True, "type": "actual"}
    percent = Decimal(sum(agreed_prices.BURDEN.values())) / 10
    return {
        "enabled": True,
        "type": "percentage",
        "percent": str(percent),
        "start": f"{agreed_in}-01-01",
        "escalator": {"month": "1", "type": "fixed_amount", "value": "0.1"},
    }


def _management_fee(site: SampleSite, agreed_in: int) -> Document:
    """A fee of one of the three kinds, each near the budgeted one."""
    fee = per_mille(agreed_prices.management_fee(site), price_level(agreed_in))
    grows = {"start": f"{agreed_in}-01-01", "escalator": {"month": "1", "type": "percentage", "value": "3"}}
    if site.number % 3 == 0:
        return {"type": "fixed", "amount": _dollars(fee), **grows}
    if site.number % 3 == 1:
        percent = Decimal(1000 * fee // agreed_prices.usual_revenue(site)) / 10
        return {"type": "revenue_percentage", "percent": str(percent)}
    price = 100 * fee // agreed_prices.usual_hours(site)
    jobs = [
        {"job_code": position.title, "rate": _dollars(price), "overtime_rate": _dollars(price * 3 // 2)}
        for position in site.positions
    ]
    return {"type": "per_labor_hour", "jobs": jobs, **grows}


def _profit_share(site: SampleSite) -> Document:
    if site.number % 3:
        return {"enabled": False}
    return {
        "enabled": True,
        "accumulation": "annual_calendar",
        "tiers": [{"limit": "500000", "percent": "2"}, {"limit": "0", "percent": "4"}],
    }


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


_TERMS = {
    "Fixed Fee": _fixed_fee,
    "Per Occupied Room": _per_occupied_room,
    "Per Labor Hour": _per_labor_hour,
    "Revenue Share": _revenue_share,
    "Management Agreement": _management_agreement,
}
"""The terms of each contract text of the site master."""
