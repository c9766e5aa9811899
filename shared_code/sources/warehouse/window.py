"""What a warehouse query is asked for: days, months, sites, and the terms that settings and mappings decide.

Source: Source side, "Extraction queries" and "Rules for every T-SQL read".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from shared_code.domain.site_codes import normalise_site
from shared_code.settings import Settings

_SITE_WIDTH = 4


@dataclass(frozen=True, slots=True)
class Window:
    """The bounds of a read. What a query does not use is ignored; what it needs and does not find is a `ValueError`.

    Days run from `date_from` to the day before `date_to_exclusive`; months (`YYYY-MM`) from `period_from` to
    `period_to`, both included. `sites` (product codes) and `accounts` (ledger account strings) None means all of
    them. `revenue_codes` maps a revenue code or category text to its category; `premium_pay_types`,
    `overtime_pay_types` and `mirror_source` follow the settings (`under`).
    """

    date_from: date | None = None
    date_to_exclusive: date | None = None
    period_from: str | None = None
    period_to: str | None = None
    sites: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    revenue_codes: tuple[tuple[str, str], ...] = ()
    premium_pay_types: tuple[str, ...] = ("DIFFERENTIAL", "MEAL PREMIUM")
    overtime_pay_types: tuple[str, ...] = ("OT",)
    mirror_source: str = "Towne"

    @classmethod
    def of_days(
        cls,
        date_from: date,
        date_to_exclusive: date,
        *,
        sites: Iterable[str] | None = None,
        revenue_codes: Mapping[str, str] | None = None,
    ) -> "Window":
        """The days from `date_from` to the day before `date_to_exclusive`."""
        return cls(
            date_from=date_from,
            date_to_exclusive=date_to_exclusive,
            sites=_sorted(sites),
            revenue_codes=tuple(sorted((revenue_codes or {}).items())),
        )

    @classmethod
    def of_periods(cls, period_from: str, period_to: str, *, sites: Iterable[str] | None = None) -> "Window":
        """The months from `period_from` to `period_to` (`YYYY-MM`), both included."""
        return cls(period_from=period_from, period_to=period_to, sites=_sorted(sites))

    @classmethod
    def of_year(cls, year: int, *, sites: Iterable[str] | None = None) -> "Window":
        """The twelve months of `year`."""
        return cls.of_periods(f"{year:04d}-01", f"{year:04d}-12", sites=sites)

    @classmethod
    def of_accounts(cls, accounts: Iterable[str] | None = None) -> "Window":
        """The ledger accounts of that list; None for all."""
        return cls(accounts=_sorted(accounts))

    def under(self, settings: Settings) -> "Window":
        """The same bounds on the terms of `settings`: pay types, and the company that the ledger mirror holds."""
        company = settings.gl_mirror_company
        return replace(
            self,
            premium_pay_types=settings.job_rate_excluded_pay_types,
            overtime_pay_types=settings.overtime_pay_types,
            mirror_source=settings.gl_company_sources.get(company, company),
        )

    def by_sites(self, at_most: int) -> Iterator["Window"]:
        """Windows with at most `at_most` sites each, in the order of the sites; this one where it names none."""
        if self.sites is None or len(self.sites) <= at_most:
            yield self
            return
        for start in range(0, len(self.sites), at_most):
            yield replace(self, sites=self.sites[start : start + at_most])

    @property
    def is_one_site(self) -> bool:
        """Whether it asks for a single site, which has to answer sooner than a feed."""
        return self.sites is not None and len(self.sites) == 1

    def days(self) -> tuple[date, date]:
        """The first day and the day after the last one."""
        if self.date_from is None or self.date_to_exclusive is None:
            raise ValueError("this query needs a window with date_from and date_to_exclusive")
        return self.date_from, self.date_to_exclusive

    def periods(self) -> tuple[str, str]:
        """The first and the last month as the warehouse writes them, `yyyyMM`."""
        if self.period_from is None or self.period_to is None:
            raise ValueError("this query needs a window with period_from and period_to")
        return self.period_from.replace("-", ""), self.period_to.replace("-", "")


def spellings(sites: Iterable[str]) -> list[str]:
    """Every way in which a warehouse row can write the codes of `sites` and still mean them.

    Digits may lack their leading zeros, and blanks may take their place: `0046` is also `046`, ` 46` and `46`.

    Source: Source side, "Scope and vocabulary".
    """
    found: dict[str, None] = {}
    for site in sites:
        if normalise_site(site) != site:
            continue  # no row of the warehouse can mean a code that is not in the product's form
        shorter = [site]
        while site.isdigit() and len(site) == _SITE_WIDTH and len(shorter[-1]) > 1 and shorter[-1].startswith("0"):
            shorter.append(shorter[-1][1:])
        for text in shorter:
            found.update(
                dict.fromkeys(text.rjust(width) for width in range(len(text), max(_SITE_WIDTH, len(text)) + 1))
            )
    return list(found)


def _sorted(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values)))


__all__ = ["Window", "spellings"]
