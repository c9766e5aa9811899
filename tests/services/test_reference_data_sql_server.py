"""What an import sends to SQL Server: T-SQL, lists as one parameter, rows held until the transaction ends."""

from pathlib import Path

import pytest

from tests.support.operational import executed_statements, t_sql
from tests.support.reference_world import ReferenceWorld
from tests.support.t_sql_rules import judged_statements

RATE = "site_id,job_code_id,effective_date,hourly_rate,version,delete"


@pytest.fixture
def statements(tmp_path: Path) -> list[str]:
    """The statements of imports that add, change and delete rows of every kind, as T-SQL."""
    world = ReferenceWorld(tmp_path)
    world.add_sites("TP001")
    world.add_accounts("6000")
    world.add_codes("VLT1")
    world.add_pair("TP001", "VLT1")
    database = world.runtime.database
    with executed_statements(database) as executed, judged_statements(database) as breaches:
        for table, lines in (
            ("user_roles", ("principal_name,role_code", "a@b.c,account_manager")),
            ("user_roles", ("principal_name,role_code,version,delete", "a@b.c,account_manager,1,true")),
            ("currency_rates", ("currency,period,rate_to_usd", "EUR,2025-04,1.08")),
            ("currency_rates", ("currency,period,rate_to_usd,version", "EUR,2025-04,1.09,1")),
            ("currency_rates", ("currency,period,rate_to_usd,version,delete", "EUR,2025-04,,2,true")),
            ("site_job_codes", ("site_id,job_code_id,is_salaried,version", "TP001,VLT1,true,1")),
            ("job_codes", ("job_code_id,default_hourly_rate,version", "VLT1,16,1")),
            ("site_job_code_rates", (RATE, "TP001,VLT1,2025-03-01,20,,", "TP001,VLT1,2025-05-01,21,,")),
            ("site_job_code_rates", (RATE, "TP001,VLT1,2025-03-01,22,1,", "TP001,VLT1,2025-05-01,,1,true")),
        ):
            report = world.import_csv(table, *lines)
            assert report.findings == ()
        head = "site_id: TP001\ncontract_start: 2025-01-01\ncontract_types: [fixed_fee]\n"
        for more in ("", "version: 1\noccupied_room_rate: 3\n", "version: 2\ndelete: true\n"):
            assert world.import_yaml("contracts", head + more).is_good
    world.close()
    assert breaches == {}
    return [t_sql(statement) for statement in executed]


def test_lists_travel_as_one_parameter_and_nothing_is_written_in_the_language_of_sqlite(statements: list[str]) -> None:
    assert any("OPENJSON(" in statement for statement in statements)
    assert not [statement for statement in statements if "json_each" in statement or " LIMIT " in statement]
    assert not [statement for statement in statements if "MERGE" in statement or "##" in statement]


@pytest.mark.parametrize(
    "table",
    ["integration.currency_rates", "forecasting.user_roles", "forecasting.site_job_codes", "forecasting.job_codes"],
)
def test_rows_that_are_compared_are_held_until_they_are_written(statements: list[str], table: str) -> None:
    assert any(f"FROM {table} WITH (UPDLOCK, HOLDLOCK)" in statement for statement in statements)


def test_a_key_of_several_columns_is_compared_as_a_text_that_holds_all_of_them(statements: list[str]) -> None:
    (deleted,) = [s for s in statements if s.startswith("DELETE FROM integration.currency_rates") and "+" in s][:1]
    assert "AS VARCHAR(600)" in deleted
