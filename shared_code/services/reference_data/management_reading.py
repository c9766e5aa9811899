"""The management agreement of a contract as a block of a document.

Source: Calculations, "Management agreement" and "Records"; Golden cases, "Fields per calculator".
"""

from datetime import date

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    ClaimsTerm,
    ClaimsType,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    PayrollType,
    ProfitShareTerm,
)
from shared_code.domain.months import first_day, period_of
from shared_code.services.reference_data.codes import read_job_code
from shared_code.services.reference_data.contract_parts import (
    MONEY_LIMITS,
    NAME_LENGTH,
    OVERTIME_RATE,
    PERCENT_POINTS,
    POSITIVE_MONEY,
    RATE_PER_HOUR,
    VALUE_LIMITS,
    check_job_rows,
    check_order,
    read_escalator,
    read_tiers,
)
from shared_code.services.reference_data.fields import Choice, Fields


def read_management(contract: Fields, contract_start: date) -> ManagementTerms:
    """The terms of `management_agreement`; those of no agreement where there is none."""
    fields = contract.block("management_agreement")
    terms = ManagementTerms(
        fee=_read_fee(fields, contract_start),
        insurance=_read_insurance(fields.block("insurance")),
        claims=_read_claims(fields.block("claims")),
        non_ledger_items=tuple(_read_item(item) for item in fields.blocks("non_gl_items")),
        profit_share=_read_profit_share(fields.block("profit_share")),
    )
    fields.refuse_others()
    return terms


def _read_fee(agreement: Fields, contract_start: date) -> ManagementFeeTerm | None:
    fields = agreement.block("fee")
    if not agreement.has("fee"):
        return None
    type_ = _read_type(fields, FeeType)
    if type_ is FeeType.FIXED:
        fields.require("amount", "a fixed fee is an amount a month", "dollars")
    if type_ is FeeType.REVENUE_PERCENTAGE:
        fields.require("percent", "the fee is a percentage of revenue", "percent points")
    jobs = tuple(_read_job(job, contract_start) for job in fields.blocks("jobs"))
    check_job_rows(fields, "jobs", [(job.job_code, job.start or contract_start, job.end) for job in jobs])
    term = ManagementFeeTerm(
        type=type_ or FeeType.PER_LABOR_HOUR,
        amount=fields.amount_or_none("amount", MONEY_LIMITS),
        percent=fields.amount_or_none("percent", PERCENT_POINTS),
        jobs=jobs,
        start=fields.day_or_none("start"),
        escalator=read_escalator(fields),
    )
    fields.refuse_others()
    return term


def _read_job(fields: Fields, contract_start: date) -> ManagementJob:
    """A job of a fee per labor hour; without a start it is there from the first month of the contract."""
    start = fields.day_or_none("start") or first_day(period_of(contract_start))
    job = ManagementJob(
        job_code=read_job_code(fields, "job_code"),
        rate=fields.amount("rate", RATE_PER_HOUR),
        overtime_rate=fields.amount_or_none("overtime_rate", OVERTIME_RATE),
        escalator_value=fields.amount_or_none("escalator_value", VALUE_LIMITS),
        overtime_escalator_value=fields.amount_or_none("overtime_escalator_value", VALUE_LIMITS),
        start=start,
        end=check_order(fields, start, "end", fields.day_or_none("end")),
    )
    fields.refuse_others()
    return job


def _read_insurance(fields: Fields) -> InsuranceTerm:
    term = InsuranceTerm(
        enabled=fields.flag("enabled", default=False),
        type=fields.choice_or_none("type", InsuranceType),
        additional_percent=fields.amount_or_none("additional_percent", PERCENT_POINTS),
        amount=fields.amount_or_none("amount", MONEY_LIMITS),
    )
    if term.enabled:
        fields.require("type", "insurance is enabled", ", ".join(InsuranceType))
    if term.enabled and term.type is InsuranceType.FIXED:
        fields.require("amount", "fixed insurance is an amount a month", "dollars")
    fields.refuse_others()
    return term


def _read_claims(fields: Fields) -> ClaimsTerm:
    term = ClaimsTerm(
        enabled=fields.flag("enabled", default=False),
        type=fields.choice_or_none("type", ClaimsType),
        cap=fields.amount_or_none("cap", POSITIVE_MONEY),
    )
    if term.enabled:
        fields.require("type", "claims are enabled", ", ".join(ClaimsType))
    fields.refuse_others()
    return term


def _read_item(fields: Fields) -> NonLedgerItem:
    """A non-ledger item: its amount, or its percentage, by its type; the other one has no meaning."""
    type_ = _read_type(fields, NonLedgerType)
    amount, percent = fields.amount_or_none("amount", VALUE_LIMITS), fields.amount_or_none("percent", VALUE_LIMITS)
    if type_ is not None:
        value, other = ("amount", "percent") if type_ is NonLedgerType.FIXED else ("percent", "amount")
        fields.require(value, f"an item of type {type_} has one", "a number")
        if fields.has(other):
            fields.note(other, None, f"does not go with type {type_}", value)
    item = NonLedgerItem(
        type=type_ or NonLedgerType.FIXED,
        amount=amount,
        percent=percent,
        payroll_type=fields.choice_or_none("payroll_type", PayrollType),
        final_month=fields.month_or_none("final_month"),
        title=fields.text("title", NAME_LENGTH, default=""),
    )
    fields.refuse_others()
    return item


def _read_type(fields: Fields, types: type[Choice]) -> Choice | None:
    """The type that decides what else is needed; None, which is noted, where it is missing or unknown."""
    fields.require("type", "it decides what else is needed", ", ".join(types))
    return fields.choice_or_none("type", types)


def _read_profit_share(fields: Fields) -> ProfitShareTerm:
    enabled = fields.flag("enabled", default=False)
    accumulation = fields.choice_or_none("accumulation", Accumulation)
    if enabled:
        fields.require("accumulation", "profit share is enabled", ", ".join(Accumulation))
        fields.require("tiers", "profit share is enabled", "a list of tiers")
    term = ProfitShareTerm(
        enabled=enabled,
        accumulation=accumulation or Accumulation.MONTHLY,
        tiers=read_tiers(fields),
        start=fields.day_or_none("start"),
        escalator=read_escalator(fields),
    )
    fields.refuse_others()
    return term
