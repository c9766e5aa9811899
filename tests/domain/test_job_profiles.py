"""Budget payroll of profiles brought to job codes."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.employee_shares import Headcount
from shared_code.domain.job_profiles import CodeBudget, ProfileBudget, map_profiles
from tests.domain.strategies import MONEY

MAPPING = {"GUEST SERVICE": ["GSA1", "gsa2", "GSA9"], "VALET": ["VAL"]}
PROFILES = st.lists(
    st.builds(
        ProfileBudget,
        job_profile=st.sampled_from(["Guest Service", " valet", "GSA1", "Door", "Night"]),
        hours=MONEY,
        cost=MONEY,
        shift_differential=st.booleans(),
    ),
    max_size=10,
)
SITE_CODES = st.lists(
    st.builds(Headcount, st.sampled_from(["GSA1", "GSA2", "VAL", "CASH"]), st.integers(0, 7).map(Decimal)),
    max_size=4,
    unique_by=lambda code: code.job_code,
)


def test_a_profile_is_split_over_the_codes_at_the_site() -> None:
    mapped = map_profiles(
        [ProfileBudget("guest service ", Decimal(620), Decimal(11_160))],
        MAPPING,
        [Headcount("GSA1", Decimal(3)), Headcount("GSA2", Decimal(1))],
    )
    assert [(code.hours, code.cost) for code in mapped.job_codes] == [
        (Decimal(465), Decimal(8_370)),
        (Decimal(155), Decimal(2_790)),
    ]


def test_a_mapping_that_names_a_code_twice_gives_it_one_share() -> None:
    mapped = map_profiles(
        [ProfileBudget("X", Decimal(9), Decimal(9))], {"X": ["A", "a ", "B"]}, [Headcount("A"), Headcount("B")]
    )
    assert [code.hours for code in mapped.job_codes] == [Decimal("4.5"), Decimal("4.5")]


def test_a_shift_differential_is_excluded_and_an_unknown_profile_unmapped() -> None:
    night = ProfileBudget("Night", Decimal(1), Decimal(2), shift_differential=True)
    door = ProfileBudget("Door", Decimal(3), Decimal(4))
    mapped = map_profiles([night, door], {"NIGHT": ["VAL"]}, [Headcount("VAL")])
    assert (mapped.excluded, mapped.unmapped) == ((night,), (door,))
    assert mapped.job_codes[0].hours == 0


@given(PROFILES, SITE_CODES)
def test_allocated_excluded_and_unmapped_are_exactly_the_budget(
    profiles: list[ProfileBudget], site_codes: list[Headcount]
) -> None:
    mapped = map_profiles(profiles, MAPPING, site_codes)
    parts: list[CodeBudget | ProfileBudget] = [*mapped.job_codes, *mapped.unmapped, *mapped.excluded]
    assert sum((part.hours for part in parts), Decimal(0)) == sum((profile.hours for profile in profiles), Decimal(0))
    assert sum((part.cost for part in parts), Decimal(0)) == sum((profile.cost for profile in profiles), Decimal(0))
    assert [code.job_code for code in mapped.job_codes] == [code.job_code for code in site_codes]
