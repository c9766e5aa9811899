"""Sums of site cells over the members of an organisation, month by month.

Source: Calculations, "Roll-up".
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from shared_code.domain.flc import cumulative_flc, flc_of_months
from shared_code.domain.months import months_of_year
from shared_code.domain.pnl import RolledUpRows, SiteRows, roll_up, row_total
from shared_code.domain.pnl_rows import CELL_ROWS, Cell, PnlRow
from shared_code.domain.rounding import ZERO
from shared_code.domain.site_scope import SiteScope
from shared_code.services.frozen_figures import frozen_months
from shared_code.services.pnl_families import BUDGET, TREND, Family
from shared_code.services.pnl_reading import FreshPnl
from shared_code.services.rollup_members import Members
from shared_code.storage.pnl_results import StoredMonth

PartOf = Callable[[str, str], str | None]
"""The part of the organisation to which a site (first) belongs in a month (`YYYY-MM`)."""


class RollupSums:
    """What the cells of the members add up to; a site that could not be computed (`failed`) is left out."""

    def __init__(self, pnl: FreshPnl, connection: Connection, members: Members, failed: Collection[str]) -> None:
        self._pnl = pnl
        self._connection = connection
        self._members = members
        self._failed = frozenset(failed)
        self._sums: dict[tuple[Family, tuple[str, ...]], RolledUpRows] = {}

    def rows(self, family: Family, months: Sequence[str]) -> RolledUpRows:
        """The summed cells of `months`; a site counts in the months in which it is a member.

        Raises NotFoundError (PERIOD_NOT_AVAILABLE) for a snapshot of which none is stored.
        """
        key = (family, tuple(months))
        if key not in self._sums:
            sites = (
                SiteRows(site_id, {row: [cells[row] for cells in columns] for row in CELL_ROWS})
                for site_id, columns in self._columns(family, months)
            )
            self._sums[key] = roll_up(sites, len(months))
        return self._sums[key]

    def cumulative(self, months: Sequence[str]) -> list[Cell]:
        """FLC of the trend less that of the budget, summed from January to each of `months` (of one year).

        Source: Calculations, "FLC to budget, cumulative".
        """
        year = months_of_year(int(months[0][:4]))
        running = cumulative_flc(
            flc_of_months(self.rows(TREND, year).rows), flc_of_months(self.rows(BUDGET, year).rows)
        )
        return [running[int(month[5:]) - 1] for month in months]

    def parts(self, family: Family, months: Sequence[str], part_of: PartOf) -> dict[str | None, dict[PnlRow, Cell]]:
        """FLC and internal revenue over all `months` of each part of the organisation."""
        amounts: dict[str | None, dict[PnlRow, list[Cell]]] = {}
        for site_id, columns in self._columns(family, months):
            for month, cells in zip(months, columns, strict=True):
                if site_id in self._members.by_month[month]:
                    of_part = amounts.setdefault(part_of(site_id, month), {row: [] for row in _PART_ROWS})
                    for row in _PART_ROWS:
                        of_part[row].append(cells[row])
        return {part: {row: row_total(cells) for row, cells in rows.items()} for part, rows in amounts.items()}

    def _columns(self, family: Family, months: Sequence[str]) -> Iterator[tuple[str, list[Mapping[PnlRow, Cell]]]]:
        """Every member with its cells in each of `months`: 0 where it is no member, None where it has no cells."""
        missing = set(self._members.of_months(months)) - self._failed
        for site_id, site_months in groupby(self._stored(family, months), key=attrgetter("site_id")):
            if site_id in missing:
                missing.discard(site_id)
                yield site_id, self._site_columns(site_id, months, {m.period: m.cells for m in site_months})
        for site_id in sorted(missing):
            yield site_id, self._site_columns(site_id, months, {})

    def _stored(self, family: Family, months: Sequence[str]) -> Iterator[StoredMonth]:
        """The cells of the members by site and month in order, of a snapshot where the family is one."""
        if family.snapshot is None:
            return self._pnl.months(self._connection, [family.scenario], min(months), max(months))
        members = SiteScope.of(self._members.of_months(months))
        return frozen_months(self._connection, members, family.snapshot, months)

    def _site_columns(
        self, site_id: str, months: Sequence[str], found: Mapping[str, Mapping[PnlRow, Cell]]
    ) -> list[Mapping[PnlRow, Cell]]:
        by_month = self._members.by_month
        return [found.get(month, _NO_CELLS) if site_id in by_month[month] else _NO_MEMBER for month in months]


_PART_ROWS = (PnlRow.FLC, PnlRow.INTERNAL_REVENUE)
_NO_CELLS: Mapping[PnlRow, Cell] = dict.fromkeys((*CELL_ROWS, PnlRow.FLC))
_NO_MEMBER: Mapping[PnlRow, Cell] = dict.fromkeys((*CELL_ROWS, PnlRow.FLC), ZERO)
