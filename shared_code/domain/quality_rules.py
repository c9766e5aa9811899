"""The rules of data quality by name: what a finding is about, and whether it stops a feed or only warns.

Source: Source side, "Data-quality rules"; Operations, "Schedules".
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class RuleKind(StrEnum):
    """What a rule looks at."""

    COMPLETENESS = "completeness"
    RANGE = "range"
    UNIQUENESS = "uniqueness"
    REFERENCE = "reference"
    FRESHNESS = "freshness"
    DRIFT = "drift"
    RECONCILIATION = "reconciliation"
    INVARIANT = "invariant"


class Severity(StrEnum):
    """What follows from a breach: a feed that breaks a blocking rule is not published, and its source fails."""

    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule under its code, which runs, rejects and reports share."""

    code: str
    kind: RuleKind
    severity: Severity


LARGEST_MEASURE = Decimal(999_999_999)
"""Hours, counts, rooms and amounts lie between this and its negative; corrections are negative rows."""

COMPLETENESS = Rule("COMPLETENESS_BELOW_THRESHOLD", RuleKind.COMPLETENESS, Severity.BLOCK)
"""Too many rows of a read lack a required field."""
REJECT_RATIO = Rule("REJECT_RATIO_EXCEEDED", RuleKind.COMPLETENESS, Severity.BLOCK)
"""Too many rows of a read were refused."""
EMPTY_FEED = Rule("EMPTY_FEED", RuleKind.DRIFT, Severity.BLOCK)
"""A read brings far less than the one before it, or nothing the first time."""
INCOMPLETE_READ = Rule("INCOMPLETE_READ", RuleKind.RECONCILIATION, Severity.BLOCK)
"""What was read does not add up to what the source announced."""

GUARDS = (COMPLETENESS, REJECT_RATIO, EMPTY_FEED, INCOMPLETE_READ)
"""The rules that every read must pass before anything of it is published."""

NEVER_DELIVERED = Rule("EMPTY_FEED", RuleKind.DRIFT, Severity.WARN)
"""A feed never had a row: not used at this installation, or not delivered yet."""
RUN_FAILED = Rule("RUN_FAILED", RuleKind.FRESHNESS, Severity.BLOCK)
"""The last run of a feed ended with an error that does not pass by itself."""
SOURCE_AWAY = Rule("SOURCE_UNAVAILABLE", RuleKind.FRESHNESS, Severity.WARN)
"""The source did not answer: what it has now is unknown."""
NO_RECENT_SUCCESS = Rule("NO_RECENT_SUCCESS", RuleKind.FRESHNESS, Severity.WARN)
"""A feed has not succeeded for more than a day."""
STALE_CONTENT = Rule("STALE_CONTENT", RuleKind.FRESHNESS, Severity.WARN)
"""The newest day that a feed has brought is older than it may be."""
REFUSED_ROWS = Rule("REFUSED_ROWS", RuleKind.COMPLETENESS, Severity.WARN)
"""Rows of the last read that were refused; a finding bears the reason of the refusal instead."""

OUT_OF_RANGE = Rule("VALUE_OUT_OF_RANGE", RuleKind.RANGE, Severity.WARN)
"""A figure outside its limits."""
OCCUPANCY = Rule("OCCUPANCY_OUT_OF_RANGE", RuleKind.RANGE, Severity.WARN)
"""Fewer rooms than none, or more than the site has."""
NOT_POSITIVE = Rule("PRICE_NOT_POSITIVE", RuleKind.RANGE, Severity.WARN)
"""A price that is not greater than 0."""
RATE = Rule("RATE_OUT_OF_RANGE", RuleKind.RANGE, Severity.WARN)
"""A calculated hourly rate outside its limits."""

DUPLICATE = Rule("DUPLICATE", RuleKind.UNIQUENESS, Severity.WARN)
"""Two records where the product expects one."""
UNKNOWN_SITE = Rule("UNKNOWN_SITE", RuleKind.REFERENCE, Severity.WARN)
UNKNOWN_ACCOUNT = Rule("UNKNOWN_ACCOUNT", RuleKind.REFERENCE, Severity.WARN)
UNMAPPED_ACCOUNT = Rule("UNMAPPED_ACCOUNT", RuleKind.REFERENCE, Severity.WARN)
"""A balance of an account that counts in no line of the P&L."""
UNKNOWN_JOB_CODE = Rule("UNKNOWN_JOB_CODE", RuleKind.REFERENCE, Severity.WARN)
INVALID_PERIOD = Rule("INVALID_PERIOD", RuleKind.REFERENCE, Severity.WARN)
"""A month that no calendar has, such as 202513: no read asks for it, so its rows would be lost unseen."""

RECONCILIATION = Rule("SOURCE_SUM_DIFFERS", RuleKind.RECONCILIATION, Severity.WARN)
"""What is published does not add up to what the source has."""
UNALLOCATED = Rule("MAPPED_HOURS_DIFFER", RuleKind.RECONCILIATION, Severity.WARN)
"""Budgeted hours of job profiles that have not arrived at the job codes of the site."""

LINEAGE = Rule("UNKNOWN_RUN", RuleKind.INVARIANT, Severity.WARN)
"""A published row whose run is not in the ledger: nobody can say where it came from."""
ORPHAN = Rule("ORPHAN", RuleKind.INVARIANT, Severity.BLOCK)
"""A stored result without its site, its site-year or its rows."""
VERSION_AHEAD = Rule("VERSION_AHEAD", RuleKind.INVARIANT, Severity.BLOCK)
"""A result of inputs that there have never been: versions only grow, and no result is ahead of them."""
ROLLUP_DIFFERS = Rule("ROLLUP_DIFFERS", RuleKind.INVARIANT, Severity.BLOCK)
"""The P&L of an organisation is not the sum of its sites."""
RESULT_DIFFERS = Rule("STORED_RESULT_DIFFERS", RuleKind.INVARIANT, Severity.BLOCK)
"""A stored result is not what its inputs give, although its versions say so."""
