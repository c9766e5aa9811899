"""Categories of revenue rows."""

import pytest

from shared_code.domain.revenue_codes import OTHER_REVENUE, SEEDED_MAPPINGS, category_key
from shared_code.domain.statistics import Category


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("VD1", "valet_daily"),
        ("vd2 ", "valet_daily"),
        ("VD3", "valet_daily"),
        ("SO1", "self_overnight"),
        ("VM2", "valet_monthly"),
        ("SA3", "self_aggregator"),
        ("OR1", OTHER_REVENUE),
        ("OR2", OTHER_REVENUE),
    ],
)
def test_a_code_names_its_category_whatever_its_digit(code: str, category: str) -> None:
    assert category_key(code, None, SEEDED_MAPPINGS) == category


@pytest.mark.parametrize("category", Category)
def test_every_category_is_known_by_its_text(category: Category) -> None:
    text = f"  {category.value.replace('_', ' ').title()} "
    assert category_key(None, text, SEEDED_MAPPINGS) == category


def test_the_code_decides_before_the_text() -> None:
    assert category_key("SD1", "Valet Daily", SEEDED_MAPPINGS) == "self_daily"


@pytest.mark.parametrize("code", [None, "", "  ", "XX9", "VD4"])
def test_the_text_decides_where_the_code_is_missing_or_unknown(code: str | None) -> None:
    assert category_key(code, "valet  overnight", SEEDED_MAPPINGS) == "valet_overnight"


def test_a_row_known_by_neither_is_unknown() -> None:
    assert category_key("XX9", "Car Wash", SEEDED_MAPPINGS) is None
    assert category_key(None, None, SEEDED_MAPPINGS) is None


def test_an_administrator_can_extend_the_mapping() -> None:
    mappings = {**SEEDED_MAPPINGS, "EV": OTHER_REVENUE, "VALET COMPS": "valet_comps"}
    assert category_key("EV1", None, mappings) == OTHER_REVENUE
    assert category_key(None, "Valet Comps", mappings) == "valet_comps"
