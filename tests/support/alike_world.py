"""A company of sites that are all alike, in a small size or a large one.

The business date is 15 April 2025; days are recorded through 14 April, and the ledger is closed through March.
"""

from pathlib import Path
from typing import Final

from tests.support.payroll_world import PayrollWorld
from tests.support.statistics_world import MORE_ACCOUNTS
from tests.support.story_world import TENTH_OF_REVENUE

BUDGET: Final = {
    "4790": "-50000", "6000": "20000", "6200": "4000", "9410": "20000", "9411": "20000", "9440": "2000",
    "9510": "1000",
}  # fmt: skip
"""A month: 20 dollars for each of 1,000 daily valet vehicles."""


class AlikeWorld(PayrollWorld):
    """Sites `TP001` to `TP` and their count: 100 rooms, a share of revenue, and valets in a group."""

    def __init__(self, folder: Path, site_count: int) -> None:
        super().__init__(folder, feature_workflow=True)
        self.site_ids = [f"TP{number:03d}" for number in range(1, site_count + 1)]
        self.add_accounts(MORE_ACCOUNTS)
        self.add_districts(ALPHA="EAST")
        self.add_sites(*self.site_ids, total_rooms=100, district_code="ALPHA", region_code="EAST")
        self.budget(self.site_ids, BUDGET)
        self.ledger(self.site_ids, BUDGET, "2025-01", "2025-02", "2025-03")
        self.add_group("valet", "Valet")
        for code in ("VLT1", "VLT2"):
            self.add_code(code, "valet")
        for site_id in self.site_ids:
            self.belongs(site_id, "ALPHA", "EAST")
            self.agree(site_id, TENTH_OF_REVENUE)
            self.days(site_id, "2025-04-01", "2025-04-14", revenue="500", rooms="70")
            self.labor(site_id, "VLT1", "2025-04-01", "2025-04-14", hours="8", dollars="120")
            for code in ("VLT1", "VLT2"):
                self.use(site_id, code, 2)
                self.rate(site_id, code, "15.00")

    def leave_all_behind(self) -> None:
        """Let every figure be computed anew by whoever reads it next."""
        for year in (2024, 2025, 2026):
            self.inputs_changed(*self.site_ids, year=year)
