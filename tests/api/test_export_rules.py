"""Exports over HTTP: what a file begins with, who may have it, what is written down and what is refused."""

from collections.abc import Iterator

import pytest

from shared_code.storage.tables.messages import audit_events
from tests.api.exporting import EXPORT, NOTE, TYPES, export, exported, exporting
from tests.api.serving import BASE, Api, first_error, told
from tests.support.export_world import FORMULA, fresh_world, pdf_text, read_csv, read_xlsx
from tests.support.payroll_world import PayrollWorld


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PayrollWorld]:
    world = fresh_world(tmp_path_factory.mktemp("exports"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def api(world: PayrollWorld) -> Iterator[Api]:
    with exporting(world) as api:
        yield api


@pytest.mark.parametrize("file_format", TYPES)
def test_the_first_rows_say_what_the_file_is(file_format: str, api: Api) -> None:
    answer = export(api, "statistics/TP001/2025-05", "view=budget&granularity=week", file_format)
    assert answer.headers["content-type"] == TYPES[file_format]
    assert answer.headers["content-disposition"] == f'attachment; filename="statistics-TP001-2025-05.{file_format}"'
    assert answer.headers["cache-control"] == "private, no-cache"
    facts = {
        "Site": "TP001 Grand Café",
        "Export": "Statistics",
        "Period": "2025-05",
        "View": "budget",
        "Filters": "view budget; granularity week",
        "User": "local",
        "Time": "2025-04-15T16:00:00.000Z",
        "Data as of": "budget never read; actual never read; schedule never read",
    }
    if file_format == "pdf":
        lines = pdf_text(answer.content)
        assert all(value in lines for value in facts.values())
    else:
        read = {"csv": read_csv, "xlsx": read_xlsx}[file_format](answer.content)
        assert {name: read.facts[name] for name in facts} == facts
        assert [row[0] for row in read.rows[:8]] == list(facts)


def test_a_roll_up_names_its_organization_period_and_filters(api: Api) -> None:
    facts = exported(api, "rollup/company/all", "period=2025-05&siteId=TP001&siteId=TP003").facts
    assert (facts["Organization"], facts["Period"]) == ("company all Company", "2025-05")
    assert facts["Filters"] == "period 2025-05; siteId TP001, TP003"
    assert facts["Sites"] == "2, of which 0 could not be computed"
    name = export(api, "rollup/district/alpha").headers["content-disposition"]
    assert name == 'attachment; filename="rollup-district-alpha-2025.csv"'


def test_text_that_begins_like_a_formula_stays_text(api: Api) -> None:
    assert exported(api, "pl-view/TP002/2025-05").facts["Site"] == f"TP002 {FORMULA}"
    rows = exported(api, "rollup/district/alpha", "include=children").table("Children, 2 of 2")
    assert {row["Name"] for row in rows} == {"Grand Café", f"'{FORMULA}"}
    workbook = read_xlsx(export(api, "rollup/district/alpha", "include=children", "xlsx").content)
    assert {row["Name"] for row in workbook.table("Children, 2 of 2")} == {"Grand Café", f"'{FORMULA}"}
    statistics = read_xlsx(export(api, "statistics/TP001/2025-05", "", "xlsx").content).rows
    assert [row[-1] for row in statistics if row and str(row[-1]).endswith("A0")] == [f"'{NOTE}"]


def test_numbers_below_zero_stay_numbers(api: Api) -> None:
    rows = exported(api, "other-revenue/TP001/2025-05").table("Other revenue")
    assert [row["GPO fees"] for row in rows if row["Figures"] == "Forecast"] == ["-75.25"]
    workbook = read_xlsx(export(api, "other-revenue/TP001/2025-05", "", "xlsx").content)
    [saved] = [row for row in workbook.table("Other revenue") if row["Figures"] == "Forecast"]
    assert saved["GPO fees"] == -75.25


def test_pay_is_masked_as_in_the_get(api: Api, world: PayrollWorld) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    before = len(world.rows(audit_events))
    for file_format in ("csv", "xlsx"):
        content = export(manager, "payroll/TP001/2025-05", "level=code", file_format).content
        read = {"csv": read_csv, "xlsx": read_xlsx}[file_format](content)
        hidden = [row for row in read.table("Payroll") if row["Job code"] == "GSC9"]
        assert len(hidden) == 31
        assert {(row["Masked"], row["Rate"] or "", row["Effective cost"] or "") for row in hidden} == {("yes", "", "")}
        salaries = read.table("Salaries and hours without a group")[0]
        assert (salaries["Cost"] or "", salaries["Masked"]) == ("", "yes")
    written = [row for row in world.rows(audit_events, "field", "new_value", "user_id") if row[2] == "am1@example.com"]
    assert written == [("export", "payroll csv", "am1@example.com"), ("export", "payroll xlsx", "am1@example.com")]
    assert len(world.rows(audit_events)) == before + 2


def test_an_export_and_the_pay_in_it_are_written_down(api: Api, world: PayrollWorld) -> None:
    admin = api.signed_in("admin7@example.com", "forecasting_admin")
    assert export(admin, "payroll/TP001/2025-05").status_code == 200
    assert export(admin, "rollup/company/all", "", "pdf").status_code == 200
    columns = ("field", "new_value", "site_id", "period", "item_key", "user_id")
    written = [row[:5] for row in world.rows(audit_events, *columns) if row[5] == "admin7@example.com"]
    path = f"GET {EXPORT}"
    assert sorted(written, key=str) == sorted(
        [
            ("export", "payroll csv", "TP001", "2025-05", f"{path}/{{module}}/{{siteId}}/{{period}}"),
            ("pay_read", None, "TP001", "2025-05", f"{path}/{{module}}/{{siteId}}/{{period}}"),
            ("export", "rollup pdf", None, None, f"{path}/rollup/{{organizationLevel}}/{{organizationId}}"),
        ],
        key=str,
    )


def test_a_site_out_of_reach_looks_like_one_that_is_not_there(api: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    bodies = []
    for site in ("TP003", "ZZ999"):
        answer = export(am, f"statistics/{site}/2025-04")
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})
        assert site not in answer.text
        bodies.append({name: part for name, part in answer.json().items() if name not in {"timestamp", "requestId"}})
    assert bodies[0] == bodies[1]
    assert told(export(api, "statistics/ZZ999/2025-04")) == (404, "SITE_NOT_FOUND", "siteId")
    assert export(api, "statistics/TP003/2025-04").status_code == 200


def test_a_module_needs_the_scope_of_its_get(api: Api) -> None:
    am = api.signed_in("am2@example.com", "account_manager", sites=["TP001"], scopes=["statistics:read"])
    assert export(am, "statistics/TP001/2025-04").status_code == 200
    for module in ("payroll", "other-revenue", "other-expenses", "pl-view", "parking-rates"):
        assert told(export(am, f"{module}/TP001/2025-04")) == (403, "INSUFFICIENT_PERMISSIONS", None)
    assert export(am, "rollup/company/all").status_code == 403
    billing = api.signed_in("billing@example.com", "billing_admin")
    assert export(billing, "statistics/TP001/2025-04").status_code == 403


def test_a_roll_up_holds_only_the_sites_of_the_caller(api: Api) -> None:
    am = api.signed_in("am3@example.com", "account_manager", sites=["TP002"])
    file = exported(am, "rollup/portfolio/me", "include=children")
    assert [row["Id"] for row in file.table("Children, 1 of 1")] == ["TP002"]


@pytest.mark.parametrize("query", ["format=docx", "format=CSV", "format="])
def test_a_format_that_there_is_not_is_refused_with_those_there_are(query: str, api: Api) -> None:
    answer = api.get(f"{EXPORT}/payroll/TP001/2025-04?{query}")
    assert answer.status_code == 400
    error = first_error(answer)
    assert (error["field"], error["details"]["accepted"]) == ("format", ["csv", "xlsx", "pdf"])


def test_the_format_is_required_and_named_once(api: Api) -> None:
    answer = api.get(f"{EXPORT}/payroll/TP001/2025-04")
    assert told(answer) == (400, "MISSING_REQUIRED_FIELD", "format")
    assert told(api.get(f"{EXPORT}/pl-view/TP001/2025?format=csv&format=pdf")) == (400, "DUPLICATE", "format")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("payroll/TP001/2025-Q2?granularity=day", (400, "INVALID_DATA_TYPE", "granularity")),
        ("payroll/TP001/2025-04?level=person", (400, "INVALID_DATA_TYPE", "level")),
        ("statistics/TP001/2025-04?view=best", (400, "INVALID_DATA_TYPE", "view")),
        ("statistics/TP001/2025-Q2?months=2", (400, "VALUE_OUT_OF_RANGE", "months")),
        ("pl-view/TP001/2025-04-15?x=1", (400, "INVALID_PERIOD", "period")),
        ("parking-rates/TP001/2025-13?x=1", (400, "INVALID_PERIOD", "period")),
        ("other-expenses/TP001/2031?x=1", (404, "PERIOD_NOT_AVAILABLE", "period")),
        ("statistics/TP@1/2025?x=1", (400, "INVALID_SITE_ID", "siteId")),
        ("notes/TP001/2025-04?x=1", (404, "NOT_FOUND", "module")),
        ("rollup/planet/all?x=1", (400, "INVALID_DATA_TYPE", "organizationLevel")),
        ("rollup/district/nowhere?x=1", (404, "NOT_FOUND", "organizationId")),
    ],
)
def test_what_the_get_refuses_the_export_refuses(path: str, expected: tuple[int, str, str], api: Api) -> None:
    assert told(api.get(f"{EXPORT}/{path}&format=csv")) == expected


def test_a_client_has_to_take_the_type_of_the_file(api: Api) -> None:
    path = f"{EXPORT}/pl-view/TP001/2025?format=xlsx"
    refused = api.get(path, headers={"Accept": "application/json, text/csv"})
    assert told(refused) == (406, "NOT_ACCEPTABLE", "Accept")
    assert first_error(refused)["details"]["accepted"] == [TYPES["xlsx"]]
    assert api.get(path, headers={"Accept": TYPES["xlsx"]}).status_code == 200


def test_several_months_are_exported_together(api: Api) -> None:
    file = exported(api, "other-revenue/TP001/2025-05", "months=3")
    assert file.facts["Period"] == "2025-05 to 2025-07"
    assert {row["Month"] for row in file.table("Other revenue")} >= {"2025-05", "2025-06", "Total 2025-07"}


@pytest.mark.parametrize(
    "path", ["statistics/TP001/2025-05?", "payroll/TP001/2025-05?", "other-expenses/TP001/2025-05?"]
)
def test_more_months_take_no_more_statements(path: str, api: Api, world: PayrollWorld) -> None:
    counts = []
    for months in (1, 6):
        with world.statements() as statements:
            assert api.get(f"{EXPORT}/{path}months={months}&format=csv").status_code == 200
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


def test_the_document_describes_files_and_what_is_queued(api: Api) -> None:
    paths = api.get(f"{BASE}/openapi.json").json()["paths"]
    site = paths[f"{EXPORT}/{{module}}/{{siteId}}/{{period}}"]["get"]
    assert site["responses"]["200"]["content"].keys() == {kind.partition(";")[0] for kind in TYPES.values()}
    assert site["responses"]["202"]["content"].keys() == {"application/json"}
    assert "Content-Disposition" in site["responses"]["200"]["headers"]
    assert "Content-Disposition" not in site["responses"]["202"]["headers"]
    parameters = {one["name"]: one for one in site["parameters"] if one["in"] == "query"}
    assert parameters["format"]["required"] is True
    assert {"view", "compare", "granularity", "level", "months", "include"} <= parameters.keys()
    file = paths[f"{EXPORT}/jobs/{{exportId}}/file"]["get"]
    assert {"200", "404", "409"} <= file["responses"].keys()
    assert "Content-Disposition" in file["responses"]["200"]["headers"]
