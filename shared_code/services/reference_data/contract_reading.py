"""A contract as a document of a file: read whole, everything wrong noted.

The names are those of the golden cases: terms stand directly in the document, lists are lists of blocks.

Source: Golden cases, "Fields per calculator"; Calculations, "Records"; Data model, "Contract terms".
"""

from datetime import date

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    Contract,
    ContractType,
    FeeRow,
    LaborJob,
    PayrollType,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Increment, increment_of
from shared_code.domain.statistics import Category
from shared_code.services.reference_data.codes import read_account, read_job_code, read_site
from shared_code.services.reference_data.contract_parts import (
    MONEY_LIMITS,
    NAME_LENGTH,
    OVERTIME_RATE,
    PERCENT_POINTS,
    RATE_PER_HOUR,
    ROOM_RATE,
    VALUE_LIMITS,
    check_job_rows,
    check_order,
    read_escalator,
    read_tiers,
)
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.management_reading import read_management
from shared_code.storage.contracts import StoredContract

NEW = ""
"""Stands for the number of a contract that has none yet."""


def read_contract(fields: Fields) -> StoredContract:
    """The contract of a document, without number and version.

    An increment of which a part is missing, or 0, is none and is not kept.
    """
    site_id, start = read_site(fields), fields.day("contract_start")
    fields.require("contract_types", "it says which terms are priced", ", ".join(ContractType))
    accounts = _read_accounts(fields)
    contract = Contract(
        contract_types=frozenset(fields.choices("contract_types", ContractType)),
        contract_start=start,
        increment=_read_increment(fields),
        fees=tuple(_read_fee(fee) for fee in fields.blocks("fees")),
        occupied_room_rate=fields.amount_or_none("occupied_room_rate", ROOM_RATE),
        labor_jobs=_read_jobs(fields),
        revenue_shares=tuple(_read_structure(structure) for structure in fields.blocks("structures")),
        billable=BillableTerms(
            enabled_accounts=frozenset(account for account, enabled in accounts.items() if enabled),
            additional_payroll=tuple(_read_additional(item) for item in fields.blocks("additional_payroll")),
            pteb=_read_pteb(fields.block("pteb")),
            support=_read_support(fields.block("support")),
        ),
        management=read_management(fields, start),
    )
    return StoredContract(
        NEW,
        site_id,
        contract,
        check_order(fields, start, "contract_end", fields.day_or_none("contract_end")),
        frozenset(account for account, enabled in accounts.items() if not enabled),
    )


def _read_increment(fields: Fields) -> Increment | None:
    month = fields.whole_or_none("increment_month", 1, 12)
    return increment_of(month, fields.amount_or_none("increment_percent", PERCENT_POINTS))


def _read_fee(fields: Fields) -> FeeRow:
    start = fields.day("start")
    fee = FeeRow(
        fields.amount("fee", MONEY_LIMITS),
        start,
        check_order(fields, start, "end", fields.day_or_none("end")),
        fields.text("name", NAME_LENGTH, default=""),
    )
    fields.refuse_others()
    return fee


def _read_jobs(contract: Fields) -> tuple[LaborJob, ...]:
    jobs = tuple(_read_job(job) for job in contract.blocks("jobs"))
    check_job_rows(contract, "jobs", [(job.job_code, job.start, job.end) for job in jobs])
    return jobs


def _read_job(fields: Fields) -> LaborJob:
    start: date = fields.day("start")
    job = LaborJob(
        read_job_code(fields, "job_code"),
        fields.amount("rate", RATE_PER_HOUR),
        fields.amount_or_none("overtime_rate", OVERTIME_RATE),
        start,
        check_order(fields, start, "end", fields.day_or_none("end")),
    )
    fields.refuse_others()
    return job


def _read_structure(fields: Fields) -> RevenueShareStructure:
    fields.require("tiers", "a share has at least one", "a list of tiers")
    structure = RevenueShareStructure(
        fields.choice("accumulation", Accumulation),
        read_tiers(fields),
        frozenset(fields.choices("revenue_categories", Category)),
    )
    fields.refuse_others()
    return structure


def _read_accounts(contract: Fields) -> dict[str, bool]:
    """Whether each named account is billed."""
    accounts: dict[str, bool] = {}
    for fields in contract.blocks("accounts"):
        account, enabled = read_account(fields, "account"), fields.flag("enabled")
        if account in accounts:
            fields.note("account", account, "is named twice", "each account once")
        accounts[account] = enabled
        fields.refuse_others()
    return accounts


def _read_additional(fields: Fields) -> AdditionalPayroll:
    item = AdditionalPayroll(
        fields.amount("amount", MONEY_LIMITS),
        fields.flag("excluded", default=False),
        fields.text("name", NAME_LENGTH, default=""),
    )
    fields.refuse_others()
    return item


def _read_pteb(fields: Fields) -> PtebTerm:
    term = PtebTerm(
        enabled=fields.flag("enabled", default=False),
        type=fields.choice_or_none("type", PtebType),
        percent=fields.amount_or_none("percent", PERCENT_POINTS),
        start=fields.day_or_none("start"),
        escalator=read_escalator(fields),
    )
    if term.enabled:
        fields.require("type", "PTEB is enabled", ", ".join(PtebType))
    fields.refuse_others()
    return term


def _read_support(fields: Fields) -> SupportTerm:
    """Support services; the amount goes with type `fixed`, the percent with `percentage`."""
    term = SupportTerm(
        enabled=fields.flag("enabled", default=False),
        type=fields.choice_or_none("type", SupportType),
        amount=fields.amount_or_none("amount", VALUE_LIMITS),
        percent=fields.amount_or_none("percent", VALUE_LIMITS),
        payroll_type=fields.choice_or_none("payroll_type", PayrollType),
    )
    if term.enabled:
        fields.require("type", "support is enabled", ", ".join(SupportType))
    for name, type_ in (("amount", SupportType.FIXED), ("percent", SupportType.PERCENTAGE)):
        if fields.has(name) and term.type is not type_:
            fields.note(name, None, f"goes with type {type_} only", "nothing, or that type")
    fields.refuse_others()
    return term
