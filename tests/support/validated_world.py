"""A warehouse and what was extracted from it, for tests of their reconciliation."""

from pathlib import Path
from typing import Any

from shared_code.services.quality import source_sums
from shared_code.storage.quality.check import Finding
from tests.services.extraction.world import World
from tests.support.operational import empty_database


class ExtractedWorld(World):
    """It is an hour after noon of Tuesday, 10 June 2025, or later; the sites 0046 and 0047 are known."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        migrated = folder / "migrated.db"
        migrated.write_bytes(empty_database())
        super().__init__(folder, migrated, **settings)
        self.know_sites("0046", "0047")

    def asked(self, *feeds: str) -> list[tuple[str, str | None, str | None, str | None]]:
        """What the source says against what is published: rule, site, period and field."""
        return [_key(finding) for finding in source_sums.ask_source(self.runtime, feeds)]


def _key(finding: Finding) -> tuple[str, str | None, str | None, str | None]:
    return finding.code, finding.site_id, finding.period, finding.field
