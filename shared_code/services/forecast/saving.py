"""How a module of a site is saved: version, locks, rules, then everything in one transaction.

Each module says what it would change (`Section.plan`) and how it stores that; the order of the checks, versions, audit
trail, what is computed anew and who is told are the same for all. Several sections are saved together or not at all.

Source: REST API, "PUT means merge", "Versions and concurrency" and "Order of checks".
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from shared_code.errors import ForecastError, PreconditionRequiredError, VersionConflictError, together
from shared_code.messaging.events import Edit, edit_messages
from shared_code.services.forecast.author import NEVER, Author, Precondition
from shared_code.services.forecast.cells import Cell, CellChange, ChangeCount, Module, count_changes
from shared_code.services.forecast.locks import LockedKey, require_unlocked
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.services.submissions import reopen_months
from shared_code.sql.transient import retry_use_case
from shared_code.storage import audit, forecast_versions, outbox, user_access, versions
from shared_code.storage.audit import AuditEntry
from shared_code.storage.audited_cells import cells_of_last_writes
from shared_code.storage.forecast_versions import ModuleVersion

LONGEST_AUDITED = 2000
"""Characters of a value that the trail keeps."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One write: its transaction, its site and period, its author and its moment."""

    runtime: Runtime
    connection: Connection
    site: OpenSite
    period: Period
    author: Author
    now: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a section would do.

    `changes` are the cells that would become something else, `sent` all cells that the request names, `locked` those
    of its keys that are locked, in the order of the request. `problem` is the rule that the request breaks; the
    changes are then not known. `warnings` block nothing.
    """

    changes: tuple[CellChange, ...] = ()
    sent: frozenset[Cell] = frozenset()
    locked: tuple[LockedKey, ...] = ()
    problem: ForecastError | None = None
    warnings: tuple[ViewWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedSection:
    """What became of a section; `version` is that of the period of the path."""

    module: Module
    version: int
    changes: ChangeCount
    warnings: tuple[ViewWarning, ...]


class Section(ABC):
    """A write of one module. Subclasses plan, store and describe; the stages are taken by `save`."""

    module: Module
    part: str | None = None
    """The member of the request's body that holds the section; None where it is the body itself."""

    def __init__(self, unit: Unit, precondition: Precondition | None) -> None:
        self.unit = unit
        self.precondition = precondition
        self.stored = forecast_versions.module_versions(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.module.stored_name,
            self.months_at_stake(),
            is_locking=True,
        )

    @abstractmethod
    def plan(self) -> Plan:
        """What the request would change, worked out in the transaction; raises nothing about the request."""

    @abstractmethod
    def store(self, changes: Sequence[CellChange]) -> None:
        """Write the rows of `changes`, set by set."""

    @abstractmethod
    def edit(self, month: str, changes: Sequence[CellChange]) -> tuple[str, Mapping[str, Any]]:
        """The type and the own fields of the event that tells of the changes of a month (`YYYY-MM`)."""

    def months_at_stake(self) -> Sequence[str]:
        """The months that the write may touch; those of the period, unless it reaches further."""
        return self.unit.period.months

    @cached_property
    def planned(self) -> Plan:
        """The plan, made once."""
        return self.plan()

    @property
    def version(self) -> int:
        """The version of the period: the sum of those of its months."""
        return sum(stored.version for month, stored in self.stored.items() if month in self.unit.period.months)

    def check_version(self) -> None:
        """Stage 9. Raises `VersionConflictError`, or `PreconditionRequiredError` in strict mode."""
        planned = self.planned
        if planned.problem is None and not planned.changes:
            return
        given = self.precondition
        if given is None:
            if self.version and self.unit.runtime.settings.strict_precondition:
                raise PreconditionRequiredError(
                    "Name the version that this write is based on, in If-Match or as `version`.",
                    field="version",
                    details={"currentVersion": self.version},
                )
            return
        if given.version is not None and given.version != self.version:
            raise self._conflict(given.version)

    def check_locks(self) -> None:
        """Stage 10. Raises `ConflictError` (PERIOD_LOCKED)."""
        require_unlocked(self.planned.locked, self.unit.author)

    def check_rules(self) -> None:
        """Stage 11. Raises what the plan found."""
        if self.planned.problem is not None:
            raise self.planned.problem

    def commit(self) -> SavedSection:
        """Stage 12: rows, versions, trail and messages. A write that changes nothing leaves nothing."""
        changes, warnings = self.planned.changes, self.planned.warnings
        if not changes:
            return SavedSection(self.module, self.version, ChangeCount(), warnings)
        if self.precondition is None and self.version:
            warnings = (*warnings, _no_precondition())
        self.store(changes)
        by_month: dict[str, list[CellChange]] = defaultdict(list)
        for change in changes:
            by_month[change.cell.period].append(change)
        unit, before = self.unit, {month: self._version_of(month) for month in by_month}
        forecast_versions.raise_versions(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.module.stored_name,
            before,
            unit.author.user_id,
            unit.now,
        )
        audit.add_entries(unit.connection, self._trail(changes, before), unit.now)
        reopen_months(unit.connection, unit.site, by_month, unit.author, unit.now)
        self._announce(by_month)
        raised = sum(month in unit.period.months for month in by_month)
        return SavedSection(self.module, self.version + raised, count_changes(changes), warnings)

    def _version_of(self, month: str) -> int:
        stored = self.stored.get(month)
        return 0 if stored is None else stored.version

    def _trail(self, changes: Iterable[CellChange], before: Mapping[str, int]) -> list[AuditEntry]:
        author, site_id = self.unit.author, self.unit.site.site_id
        on_behalf = author.user_id.lower() not in user_access.account_managers_of(self.unit.connection, site_id)
        return [
            AuditEntry(
                user_id=author.user_id,
                module=self.module.value,
                item_key=change.cell.key,
                source=author.source,
                site_id=site_id,
                period=change.cell.period,
                field=change.cell.field,
                old_value=audited(change.old),
                new_value=audited(change.new),
                version=before[change.cell.period] + 1,
                reason=author.reason,
                role_code=author.role,
                on_behalf=on_behalf,
                request_id=author.request_id,
            )
            for change in changes
        ]

    def _announce(self, by_month: Mapping[str, Sequence[CellChange]]) -> None:
        """Put what is computed from the changed months behind, and tell of each month."""
        unit, site_id = self.unit, self.unit.site.site_id
        years = {(site_id, int(month[:4])) for month in by_month}
        raised = versions.raise_inputs_versions(unit.connection, years, unit.now)
        messages = []
        for month, changes in sorted(by_month.items()):
            event_type, fields = self.edit(month, changes)
            told = {**fields, "userId": unit.author.user_id}
            edit = Edit(event_type, site_id, month, told, raised[site_id, int(month[:4])])
            messages += edit_messages(edit, unit.now, unit.author.request_id)
        outbox.append(unit.connection, messages, unit.now)

    def _conflict(self, provided: int) -> VersionConflictError:
        unit, months = self.unit, self.unit.period.months
        others = cells_of_last_writes(
            unit.connection,
            unit.site.scope,
            unit.site.site_id,
            self.module.value,
            months,
            max(0, self.version - max(provided, 0)),
        )
        sent = self.planned.sent or {change.cell for change in self.planned.changes}
        latest = last_write(self.stored, months)
        return VersionConflictError(
            "Somebody else has saved since you read this. Read it again and decide what is to be kept.",
            field="version",
            details={
                "providedVersion": None if provided == NEVER else provided,
                "currentVersion": self.version,
                "updatedBy": latest.updated_by if latest else None,
                "updatedAt": latest.updated_at if latest else None,
                "conflictingKeys": sorted(cell.name for cell in sent if (cell.period, cell.key, cell.field) in others),
            },
        )


class WriteRequest(ABC):
    """What a client wants to be saved of one module."""

    precondition: Precondition | None

    @abstractmethod
    def open(self, unit: Unit) -> Section:
        """The section of this request in the transaction of `unit`."""


def save(
    runtime: Runtime, site: OpenSite, period: Period, author: Author, requests: Sequence[WriteRequest]
) -> tuple[SavedSection, ...]:
    """Save all `requests` in one transaction, or none: every section passes a stage before any enters the next one.

    A deadlock is tried again as a whole.
    """

    def attempt() -> tuple[SavedSection, ...]:
        with runtime.database.writing() as connection:
            unit = Unit(runtime, connection, site, period, author, runtime.clock.now())
            sections = [request.open(unit) for request in requests]
            for stage in (Section.check_version, Section.check_locks, Section.check_rules):
                _pass(stage, sections)
            return tuple(section.commit() for section in sections)

    return retry_use_case(attempt)


def _pass(stage: Callable[[Section], None], sections: Iterable[Section]) -> None:
    """Take `sections` through `stage`; what is refused names its fields within the whole body, all at once."""
    refused = []
    for section in sections:
        try:
            stage(section)
        except ForecastError as error:
            for one in error.all:
                if section.part is not None and one.field is not None:
                    one.field = f"{section.part}.{one.field}"
            refused.append(error)
    if (refusal := together(refused)) is not None:
        raise refusal


def last_write(stored: Mapping[str, ModuleVersion], months: Iterable[str]) -> ModuleVersion | None:
    """The latest write of any of `months`; None before the first one."""
    found = [stored[month] for month in months if month in stored]
    return max(found, key=lambda version: version.updated_at, default=None)


def audited(value: object) -> str | None:
    """A value as the trail shows it."""
    return None if value is None else str(value)[:LONGEST_AUDITED]


def _no_precondition() -> ViewWarning:
    return ViewWarning(
        "NO_PRECONDITION",
        "No version was named, so a change of somebody else may have been overwritten. Send If-Match.",
        field="version",
    )
