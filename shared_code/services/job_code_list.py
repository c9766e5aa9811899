"""Job codes: listed, renamed, switched on and off, marked productive, and arranged in groups.

The code itself never changes. Calls on several codes do all or nothing, and name every code that they refuse.

Source: REST API, "Job groups and job codes".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Connection

from shared_code.errors import NotFoundError, RuleViolationError
from shared_code.services.forecast.author import Author
from shared_code.services.job_administration import CODES_MODULE, GROUPS_MODULE, AdministeredCell, note_changes
from shared_code.services.job_groups import group_named
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.storage import job_code_list, job_groups
from shared_code.storage.job_code_list import JobCodeFilter, ListedJobCode, StoredJobCode

T = TypeVar("T")


class Outcome(StrEnum):
    """What a call did to a job code."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """It was so already."""


@dataclass(frozen=True, slots=True)
class JobCodePage:
    """One page of a list of job codes, and how many there are in all."""

    codes: tuple[ListedJobCode, ...]
    total: int


@dataclass(frozen=True, slots=True)
class JobCodeChange:
    """What is to become of a job code; None leaves a field as it is."""

    title: str | None = None
    is_active: bool | None = None
    is_productive: bool | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job code on its way into a group."""

    job_code: str
    previous_group_id: str | None
    new_group_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StatusResult:
    """A job code that was to be switched on or off."""

    job_code: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RefusedCode:
    """A job code of a list (`position` from 0) and why it is refused."""

    position: int
    job_code: str
    message: str


class JobCodesRefusedError(RuleViolationError):
    """Some of the job codes of a list cannot be changed, so that none was; `refused` names each of them."""

    def __init__(self, refused: Sequence[RefusedCode]) -> None:
        first = refused[0]
        field, details = f"jobCodes[{first.position}]", {"providedValue": first.job_code}
        super().__init__(first.message, field=field, details=details)
        self.refused = tuple(refused)


def list_codes(runtime: Runtime, wanted: JobCodeFilter, search: str | None, *, offset: int, limit: int) -> JobCodePage:
    """`limit` of the job codes that are `wanted`, by code; `search` is part of the code or the title, in any case."""
    with runtime.database.reading() as connection:
        total = job_code_list.count_codes(connection, wanted, search)
        page = job_code_list.code_page(connection, wanted, search, offset=offset, limit=limit)
    return JobCodePage(tuple(page), total)


def change_code(runtime: Runtime, job_code: str, change: JobCodeChange, author: Author) -> ListedJobCode:
    """Change one job code; one that is switched on takes its group with it.

    Raises `NotFoundError` for a code that there is not, `RuleViolationError` for the title of an inactive one.
    """
    code = job_code.strip().upper()

    def write(connection: Connection) -> ListedJobCode:
        stored = job_code_list.stored_codes(connection, [code]).get(code)
        if stored is None:
            raise _unknown(job_code)
        if change.title not in {None, stored.title} and not (stored.is_active or change.is_active):
            raise RuleViolationError(f"{code} is not active: switch it on before you change its title.", field="title")
        wanted = {
            name: value
            for name in ("title", "is_active", "is_productive")
            if (value := getattr(change, name)) is not None and value != getattr(stored, name)
        }
        if wanted:
            _change(runtime, connection, {code: stored}, wanted, author)
        listed = job_code_list.listed_code(connection, code)
        assert listed is not None, "the code was read in this transaction"
        return listed

    return _in_transaction(runtime, write)


def assign_codes(runtime: Runtime, codes: Sequence[str], job_group_id: str, author: Author) -> tuple[Assignment, ...]:
    """Put job codes into an active group, all or none; the results stand in the order of `codes`.

    Raises `NotFoundError` for a group that there is not, `RuleViolationError` for one that is not active, and
    `JobCodesRefusedError` for codes that are unknown or not active.
    """

    def write(connection: Connection) -> tuple[Assignment, ...]:
        group = group_named(job_group_id, job_groups.all_groups(connection, is_locking=True))
        if not group.is_active:
            raise RuleViolationError(
                f"The job group {group.title} is not active: switch it on, or choose another.",
                field="jobGroupId",
                details={"providedValue": group.job_group_id},
            )
        stored = _stored(connection, codes, is_active_only=True)
        moved = {code.job_code: code for code in stored if code.job_group_id != group.job_group_id}
        _change(runtime, connection, moved, {"job_group_id": group.job_group_id}, author)
        return tuple(
            Assignment(code.job_code, code.job_group_id, group.job_group_id, _outcome(code, moved)) for code in stored
        )

    return _in_transaction(runtime, write)


def switch_codes(
    runtime: Runtime, codes: Sequence[str], *, is_active: bool, author: Author
) -> tuple[StatusResult, ...]:
    """Switch job codes on or off, all or none; the results stand in the order of `codes`.

    A code that is switched on takes its group with it. Raises `JobCodesRefusedError` for unknown codes.
    """

    def write(connection: Connection) -> tuple[StatusResult, ...]:
        stored = _stored(connection, codes)
        switched = {code.job_code: code for code in stored if code.is_active != is_active}
        _change(runtime, connection, switched, {"is_active": is_active}, author)
        return tuple(StatusResult(code.job_code, _outcome(code, switched)) for code in stored)

    return _in_transaction(runtime, write)


def _change(
    runtime: Runtime,
    connection: Connection,
    codes: Mapping[str, StoredJobCode],
    values: Mapping[str, object],
    author: Author,
) -> None:
    """Give `codes` other `values`, and switch the groups of codes on that are switched on themselves."""
    if not codes:
        return
    now = runtime.clock.now()
    cells = [
        AdministeredCell(code.job_code, _JSON_NAMES[name], getattr(code, name), value)
        for code in codes.values()
        for name, value in values.items()
    ]
    job_code_list.change_codes(connection, codes, values, author.user_id, now)
    note_changes(runtime, connection, CODES_MODULE, cells, codes, author, now)
    if values.get("is_active") is True:
        _activate_groups(runtime, connection, codes, author)


def _activate_groups(
    runtime: Runtime, connection: Connection, codes: Mapping[str, StoredJobCode], author: Author
) -> None:
    """An active code does not lie in an inactive group."""
    wanted = {code.job_group_id for code in codes.values()}
    asleep = [
        group.job_group_id
        for group in job_groups.all_groups(connection, is_locking=True)
        if group.job_group_id in wanted and not group.is_active
    ]
    now = runtime.clock.now()
    job_groups.activate_groups(connection, asleep, author.user_id, now)
    cells = [AdministeredCell(job_group_id, "isActive", False, True) for job_group_id in asleep]
    note_changes(runtime, connection, GROUPS_MODULE, cells, (), author, now)


def _stored(connection: Connection, codes: Sequence[str], *, is_active_only: bool = False) -> list[StoredJobCode]:
    """The job codes of a list in its order. Raises `JobCodesRefusedError`."""
    wanted = [code.strip().upper() for code in codes]
    known = job_code_list.stored_codes(connection, wanted)
    refused = [
        RefusedCode(position, code, f"There is no job code {code}." if code not in known else f"{code} is not active.")
        for position, code in enumerate(wanted)
        if code not in known or (is_active_only and not known[code].is_active)
    ]
    if refused:
        raise JobCodesRefusedError(refused)
    return [known[code] for code in wanted]


def _in_transaction(runtime: Runtime, write: Callable[[Connection], T]) -> T:
    def attempt() -> T:
        with runtime.database.writing() as connection:
            return write(connection)

    return retry_use_case(attempt)


def _outcome(code: StoredJobCode, changed: Mapping[str, StoredJobCode]) -> Outcome:
    return Outcome.UPDATED if code.job_code in changed else Outcome.UNCHANGED


def _unknown(job_code: str) -> NotFoundError:
    shown = job_code[:100]
    return NotFoundError(f"There is no job code {shown!r}.", field="jobCode", details={"providedValue": shown})


_JSON_NAMES = {
    "title": "title",
    "is_active": "isActive",
    "is_productive": "isProductive",
    "job_group_id": "jobGroupId",
}
