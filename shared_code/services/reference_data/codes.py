"""Codes that several tables of reference data name, and what of them must exist.

Source: Data model, "Organisation, access, accounts" and "Job codes and rates".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection

from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.merging import Change
from shared_code.services.reference_data.report import Action, Finding, shown
from shared_code.storage import reference_rows

_SITE = re.compile(r"[A-Z0-9]{1,20}", re.ASCII)
_JOB_CODE = re.compile(r"[A-Z0-9 _.-]{1,50}", re.ASCII)
_ACCOUNT = re.compile(r"[A-Z0-9]{1,10}", re.ASCII)


def read_site(fields: Fields, name: str = "site_id") -> str:
    """A site code, in upper case and never padded."""
    return fields.code(name, _SITE, "a site code: letters and digits, as the list of sites shows it")


def read_job_code(fields: Fields, name: str = "job_code_id") -> str:
    """A job code, in upper case."""
    return fields.code(name, _JOB_CODE, "a job code: letters, digits, blanks and _ . -, up to 50")


def read_account(fields: Fields, name: str = "main_account") -> str:
    """An account of the chart of accounts."""
    return fields.code(name, _ACCOUNT, "an account number of up to 10 characters")


def text_of(value: Any) -> str:
    """A value as files and the audit trail show it; "" for none. Decimals are shown without trailing zeros."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)


def unknown(
    connection: Connection, column: Column[Any], what: str, named: Sequence[tuple[Change, str, str]]
) -> Iterator[Finding]:
    """Findings about codes that `column` does not have; `named` holds change, field and code.

    Rows that are deleted may name anything.
    """
    kept = [(change, field, code) for change, field, code in named if change.action is not Action.DELETE]
    known = reference_rows.existing(connection, column, {code for _, _, code in kept})
    for change, field, code in kept:
        if code not in known:
            yield Finding(change.entry.place, field, shown(code), f"is no {what}", f"a {what} that is stored")


def places(changes: Iterable[Change]) -> dict[tuple[str, ...], str]:
    """Where the row of each key stands in the file."""
    return {change.key: change.entry.place for change in changes}
