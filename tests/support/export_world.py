"""A company with figures in every module, and with names that a spreadsheet would take for formulas."""

import csv
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from tests.support.payroll_world import PayrollWorld
from tests.support.pnl_world import MONTHS
from tests.support.statistics_world import BUDGET_JUNE, MORE_ACCOUNTS

FORMULA = '=HYPERLINK("http://example.com","x")'
SALARY = "73000"


def company(world: PayrollWorld) -> PayrollWorld:
    """TP001 and TP002 in Alpha (East), TP003 in Beta (West); TP001 has a salaried manager."""
    world.add_districts(alpha="east", beta="west")
    for site, name, district, region in (
        ("TP001", "Grand Café", "alpha", "east"),
        ("TP002", FORMULA, "alpha", "east"),
        ("TP003", "West End", "beta", "west"),
    ):
        world.add_sites(site, name=name, total_rooms=200, district_code=district, region_code=region)
        world.belongs(site, district, region)
    world.add_group("valet", "Valet")
    for code, group, employees, rate in (("VLT1", "valet", 3, "15.00"), ("GSA1", None, 1, "19.00")):
        world.add_code(code, group)
        world.use("TP001", code, employees)
        world.rate("TP001", code, rate)
        for month in MONTHS:
            world.budget_hours("TP001", month, code, "400", "6000")
    world.add_code("GSC9", "valet")
    world.use("TP001", "GSC9", 1, salary=SALARY)
    world.labor("TP001", "VLT1", "2025-04-01", "2025-04-14", "24", "361.50")
    sites = ("TP001", "TP002", "TP003")
    costs = {"4790": "-30000", "6000": "9300", "6200": "930", "7113": "220", "7170": "2000"}
    world.budget(sites, {**BUDGET_JUNE, **costs})
    world.ledger(sites, {"4790": "-32500.55", "6000": "9000", "9410": "11000", "7113": "111.11"}, *MONTHS[:3])
    world.days("TP001", "2025-04-01", "2025-04-14", "410", "150")
    return world


def fresh_world(folder: Path, **settings: Any) -> PayrollWorld:
    """The company in a new database; the business date is 15 April 2025, daily actuals are loaded through 14 April."""
    world = PayrollWorld(folder, **settings)
    world.add_accounts(MORE_ACCOUNTS)
    return company(world)


@dataclass(frozen=True)
class Exported:
    """What is read back from a file: the facts by label, and the rows of each table by its title."""

    rows: list[list[Any]]

    @property
    def facts(self) -> dict[str, Any]:
        first = self.rows[: self.rows.index([])]
        return {row[0]: row[1] for row in reversed(first)}

    def table(self, title: str) -> list[dict[str, Any]]:
        start = self.rows.index([title])
        headings = self.rows[start + 1]
        rest = self.rows[start + 2 :]
        end = rest.index([]) if [] in rest else len(rest)
        return [dict(zip(headings, row + [None] * (len(headings) - len(row)), strict=True)) for row in rest[:end]]


def read_csv(content: bytes) -> Exported:
    """A CSV file as fields of text."""
    return Exported(list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))))


def read_xlsx(content: bytes) -> Exported:
    """The one sheet of a workbook; rows of a table are as long as its headings."""
    (sheet,) = load_workbook(BytesIO(content)).worksheets
    rows: list[list[Any]] = []
    for row in sheet.iter_rows(values_only=True):
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        rows.append(cells)
    return Exported(rows)


def pdf_text(content: bytes) -> str:
    """The text of all pages."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
