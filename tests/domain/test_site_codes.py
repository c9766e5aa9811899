"""Site codes of warehouse rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.site_codes import normalise_site


@pytest.mark.parametrize(
    ("code", "site"),
    [(" 46 ", "0046"), ("0046", "0046"), ("TP001", "TP001"), ("tp001", "TP001"), ("12345", "12345"), ("a1", "A1")],
)
def test_digits_are_padded_and_letters_raised(code: str, site: str) -> None:
    assert normalise_site(code) == site


@pytest.mark.parametrize("code", [None, "", "  ", "TP-1", "TP 1", "ÜB1", "ß1", "٤٦", "0046\n1"])
def test_a_blank_code_or_a_foreign_character_is_refused(code: str | None) -> None:
    assert normalise_site(code) is None


@given(st.text(max_size=8))
def test_a_normalised_code_stays_as_it_is(code: str) -> None:
    site = normalise_site(code)
    assert site is None or normalise_site(site) == site
