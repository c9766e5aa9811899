"""What events say of themselves."""

from datetime import UTC, date, datetime
from decimal import Decimal

from shared_code.domain.pnl_rows import PnlRow
from shared_code.domain.variance import variance_of_row
from shared_code.json_text import json_bytes
from shared_code.messaging.events import load_messages, rates_messages, refresh_message, refreshed_event
from shared_code.messaging.message import FORECASTING_EVENTS, PAYROLL_CALCULATE, PL_REFRESH

MOMENT = datetime(2025, 7, 18, 19, 47, 33, 976000, UTC)


def test_a_refresh_is_announced_with_amounts_as_numbers_and_its_severity_as_a_property() -> None:
    variance = variance_of_row(PnlRow.FLC, Decimal("182340.11"), Decimal("200000.00"))

    event = refreshed_event("0123", "2025-04", Decimal("182340.11"), variance, MOMENT, "req_1")

    assert event.destination == FORECASTING_EVENTS
    assert b'"flc":182340.11,"variance":-17659.89' in json_bytes(event.payload)
    assert event.properties["severity"] == "high"


def test_an_unavailable_flc_is_null_and_has_no_severity() -> None:
    event = refreshed_event("0123", "2025-04", None, None, MOMENT, "req_1")

    assert b'"flc":null,"variance":null' in json_bytes(event.payload)
    assert "severity" not in event.properties


def test_a_load_is_an_event_per_month_and_one_refresh_per_site_year() -> None:
    touched = [("0046", "2025-01"), ("0046", "2025-02")]

    messages = load_messages("ActualsLoaded", touched, {("0046", 2025): 7}, MOMENT, "run")

    events = [m.payload["period"] for m in messages if m.destination == FORECASTING_EVENTS]
    refreshes = [(m.session_id, m.dedup_id) for m in messages if m.destination == PL_REFRESH]
    assert events == ["2025-01", "2025-02"]
    assert refreshes == [("0046", "forecasting.pl.refresh:0046:2025:7")]


def test_two_wishes_for_one_version_of_the_inputs_are_one_message() -> None:
    first = refresh_message("BudgetLoaded", "0046", 2025, 7, MOMENT, "a")
    second = refresh_message("ActualsLoaded", "0046", 2025, 7, MOMENT, "b")
    later = refresh_message("ActualsLoaded", "0046", 2025, 8, MOMENT, "b")

    assert first.dedup_id == second.dedup_id != later.dedup_id


def test_changed_rates_are_told_once_and_worked_on_for_every_year_concerned() -> None:
    messages = rates_messages("0046", ["VLT2", "VLT1"], date(2025, 7, 1), {2025: 3, 2026: 1}, MOMENT, "u", "run")

    assert [m.destination for m in messages] == [FORECASTING_EVENTS, PAYROLL_CALCULATE, PAYROLL_CALCULATE]
    assert messages[0].payload["jobCodes"] == ["VLT1", "VLT2"]
    assert [m.payload["inputsVersion"] for m in messages[1:]] == [3, 1]


def test_no_body_names_a_property_of_the_message_itself() -> None:
    messages = load_messages("BudgetLoaded", [("0046", "2025-01")], {("0046", 2025): 1}, MOMENT, "run")

    reserved = {"messageid", "sessionid", "correlationid", "subject", "deliverycount"}
    assert not [name for message in messages for name in message.payload if name.lower() in reserved]
