"""The sites that a caller may see: every row-level read or write of site data takes one.

Source: Architecture, "Rules".
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteScope:
    """A set of site codes, or all sites (`site_ids` None). The empty set reaches nothing."""

    site_ids: frozenset[str] | None

    @classmethod
    def of(cls, site_ids: Iterable[str]) -> "SiteScope":
        """These sites and no others."""
        return cls(frozenset(site_ids))

    @classmethod
    def all_sites(cls) -> "SiteScope":
        """Every site: for jobs of the system and for roles that cover the company."""
        return cls(None)

    def covers(self, site_id: str) -> bool:
        """Whether `site_id` may be seen."""
        return self.site_ids is None or site_id in self.site_ids

    def narrowed_to(self, site_ids: Iterable[str]) -> "SiteScope":
        """The sites that lie both in this scope and in `site_ids`."""
        wanted = frozenset(site_ids)
        return SiteScope(wanted if self.site_ids is None else self.site_ids & wanted)
