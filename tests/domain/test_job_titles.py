"""Job titles and the codes that are made from them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.job_titles import assign_job_codes, normalise_title


def test_a_title_is_compared_without_blanks_and_case() -> None:
    assert normalise_title("  Guest   service\tlead ") == "GUEST SERVICE LEAD"
    assert normalise_title(None) == ""


def test_a_foreign_character_becomes_an_underscore() -> None:
    assert assign_job_codes(["Reporter/ stenographer", "Café-Lead (A.M.)"], {}) == {
        "REPORTER/ STENOGRAPHER": "REPORTER_ STENOGRAPHER",
        "CAFÉ-LEAD (A.M.)": "CAF_-LEAD _A.M._",
    }


def test_a_code_that_another_title_has_is_numbered() -> None:
    assert assign_job_codes(["A/B", "A&B", "A_B"], {"A?B": "A_B"}) == {"A/B": "A_B_2", "A&B": "A_B_3", "A_B": "A_B_4"}


def test_a_known_title_keeps_its_code_and_blank_titles_are_left_out() -> None:
    assert assign_job_codes([" val ", "", None, "GSA", "gsa"], {"VAL": "VALET"}) == {"GSA": "GSA"}


def test_a_long_title_is_cut_at_50_also_with_a_number() -> None:
    codes = assign_job_codes(["X" * 60, "X" * 61], {})
    assert list(codes.values()) == ["X" * 50, "X" * 48 + "_2"]


@given(st.lists(st.text(max_size=70), max_size=12))
def test_codes_are_acceptable_and_no_two_titles_share_one(titles: list[str]) -> None:
    codes = list(assign_job_codes(titles, {}).values())
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Z0-9 _.-]{1,50}", code) for code in codes)
    assert all(code == code.strip() for code in codes)
