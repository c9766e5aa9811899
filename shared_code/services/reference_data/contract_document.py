"""A contract as a document: the shape in which it is read, with everything left out that it does not have.

Source: Golden cases, "Fields per calculator"; Data model, "Reference data that no feed brings".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared_code.domain.contract import (
    BillableTerms,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    ProfitShareTerm,
)
from shared_code.domain.escalation import Escalator
from shared_code.domain.tiers import Tier
from shared_code.services.reference_data.codes import text_of
from shared_code.storage.contracts import StoredContract

Document = dict[str, Any]
"""Names with texts, truth values, lists and documents."""


def document_of(stored: StoredContract) -> Document:
    """The document of a contract, without its version."""
    contract = stored.contract
    head = _block(site_id=stored.site_id, contract_start=contract.contract_start, contract_end=stored.contract_end)
    types = {"contract_types": sorted(type_.value for type_ in contract.contract_types)}
    return head | types | _terms(stored)


def cells_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The single values of a document by their path, for instance `fees[1].fee`."""
    return dict(_cells("", document))


def _terms(stored: StoredContract) -> Document:
    contract, increment = stored.contract, stored.contract.increment
    return _block(
        increment_month=None if increment is None else increment.month,
        increment_percent=None if increment is None else increment.percent,
        fees=[_block(name=fee.name, fee=fee.fee, start=fee.start, end=fee.end) for fee in contract.fees],
        occupied_room_rate=contract.occupied_room_rate,
        jobs=[
            _block(job_code=job.job_code, rate=job.rate, overtime_rate=job.overtime_rate, start=job.start, end=job.end)
            for job in contract.labor_jobs
        ],
        structures=[
            _block(
                accumulation=structure.accumulation,
                revenue_categories=sorted(category.value for category in structure.revenue_categories),
                tiers=_tiers(structure.tiers),
            )
            for structure in contract.revenue_shares
        ],
        **_billable(contract.billable, stored.disabled_accounts),
        management_agreement=_management(contract.management),
    )


def _cells(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _cells(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _cells(f"{path}[{number}]", item)
    else:
        yield path, ", ".join(value) if isinstance(value, list) else text_of(value)


def _block(**values: Any) -> Document:
    """The values that there are; dates, decimals and whole numbers as texts."""
    return {name: _plain(value) for name, value in values.items() if value not in (None, "", [], {})}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | list | dict) else text_of(value)


def _tiers(tiers: Iterable[Tier]) -> list[Document]:
    return [
        _block(
            limit=tier.upper_limit,
            percent=tier.percent,
            effective_from=tier.effective_from,
            effective_to=tier.effective_to,
        )
        for tier in tiers
    ]


def _escalator(steps: Escalator | None) -> Document:
    return {} if steps is None else _block(month=steps.month, type=steps.type, value=steps.value)


def _billable(terms: BillableTerms, disabled: Iterable[str]) -> Document:
    pteb, support = terms.pteb, terms.support
    accounts = dict.fromkeys(terms.enabled_accounts, True) | dict.fromkeys(disabled, False)
    return {
        "accounts": [{"account": account, "enabled": enabled} for account, enabled in sorted(accounts.items())],
        "additional_payroll": [
            _block(name=item.name, amount=item.amount, excluded=item.excluded) for item in terms.additional_payroll
        ],
        "pteb": _switched(
            enabled=pteb.enabled,
            type=pteb.type,
            percent=pteb.percent,
            start=pteb.start,
            escalator=_escalator(pteb.escalator),
        ),
        "support": _switched(
            enabled=support.enabled,
            type=support.type,
            amount=support.amount,
            percent=support.percent,
            payroll_type=support.payroll_type,
        ),
    }


def _switched(*, enabled: bool, **values: Any) -> Document:
    """A part that is enabled or not; nothing where it is not and says nothing else."""
    block = _block(**values)
    return {"enabled": enabled, **block} if enabled or block else {}


def _management(terms: ManagementTerms) -> Document:
    insurance, claims = terms.insurance, terms.claims
    return _block(
        fee={} if terms.fee is None else _fee(terms.fee),
        insurance=_switched(
            enabled=insurance.enabled,
            type=insurance.type,
            additional_percent=insurance.additional_percent,
            amount=insurance.amount,
        ),
        claims=_switched(enabled=claims.enabled, type=claims.type, cap=claims.cap),
        non_gl_items=[_item(item) for item in terms.non_ledger_items],
        profit_share={} if terms.profit_share == ProfitShareTerm() else _profit_share(terms.profit_share),
    )


def _fee(fee: ManagementFeeTerm) -> Document:
    return _block(
        type=fee.type,
        amount=fee.amount,
        percent=fee.percent,
        jobs=[_job(job) for job in fee.jobs],
        start=fee.start,
        escalator=_escalator(fee.escalator),
    )


def _job(job: ManagementJob) -> Document:
    return _block(
        job_code=job.job_code,
        rate=job.rate,
        overtime_rate=job.overtime_rate,
        escalator_value=job.escalator_value,
        overtime_escalator_value=job.overtime_escalator_value,
        start=job.start,
        end=job.end,
    )


def _item(item: NonLedgerItem) -> Document:
    return _block(
        title=item.title,
        type=item.type,
        amount=item.amount,
        percent=item.percent,
        payroll_type=item.payroll_type,
        final_month=item.final_month,
    )


def _profit_share(share: ProfitShareTerm) -> Document:
    return _switched(
        enabled=share.enabled,
        accumulation=share.accumulation,
        tiers=_tiers(share.tiers),
        start=share.start,
        escalator=_escalator(share.escalator),
    )
