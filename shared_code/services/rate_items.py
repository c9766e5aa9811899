"""From decisions to the history: what each outcome writes, and how it is reported.

Source: Calculations, "Outcome of a run"; Data model, "Job codes and rates".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shared_code.domain.job_code_rates import LaborSums, RateOutcome, RateResult, RateRun
from shared_code.domain.rates_in_force import RateMethod
from shared_code.domain.rounding import round_half_up
from shared_code.services.rate_report import RateItem
from shared_code.services.rate_request import RateTerms
from shared_code.storage.rate_history import NewRate, RatePlan
from shared_code.storage.rates import Pair, PairRates

_WRITTEN = frozenset({RateOutcome.CALCULATED, RateOutcome.DEFAULT})
"""Outcomes that enter a rate in the history; the others leave it as it is."""


def place_results(
    terms: RateTerms, pairs: Sequence[PairRates], run: RateRun, labor: Mapping[Pair, LaborSums], plan: RatePlan
) -> list[RateItem]:
    """Take the run's rates into `plan` and report every result; `pairs` are those that the run decided, in its order.

    Source: REST API, "Job-code rates".
    """
    implausible = {(finding.site, finding.job_code): finding.rate for finding in run.findings}
    items: list[RateItem] = []
    for pair, result in zip(pairs, run.results, strict=True):
        key = (pair.site_id, pair.job_code_id)
        sums = None if result.outcome is RateOutcome.EXCLUDED_SALARIED else labor.get(key)
        changed = False
        if result.outcome in _WRITTEN:
            changed = plan.place(_new_rate(terms, result, sums), pair.calculated, pair.next_calculated)
        error = _error(terms, implausible.get(key)) if result.outcome is RateOutcome.ERROR else None
        items.append(_item(pair, result, sums, changed, error))
    return items


def _new_rate(terms: RateTerms, result: RateResult, sums: LaborSums | None) -> NewRate:
    assert result.rate is not None
    assert result.method is not None
    return NewRate(
        result.site,
        result.job_code,
        result.rate,
        result.method,
        terms.first,
        terms.last,
        None if sums is None else round_half_up(sums.dollars, 4),
        None if sums is None else round_half_up(sums.rate_hours, 4),
        _rows_behind(result, sums),
    )


def _rows_behind(result: RateResult, sums: LaborSums | None) -> int:
    return sums.row_count if sums is not None and result.outcome is RateOutcome.CALCULATED else 0


def _item(pair: PairRates, result: RateResult, sums: LaborSums | None, changed: bool, error: str | None) -> RateItem:
    before = pair.entered if result.outcome is RateOutcome.PROTECTED else pair.calculated
    is_salaried = result.outcome is RateOutcome.EXCLUDED_SALARIED
    kept_rows = pair.calculated.sample_size if pair.calculated and result.outcome is RateOutcome.KEPT else None
    return RateItem(
        site_id=pair.site_id,
        job_code=pair.job_code_id,
        old_rate=None if before is None or is_salaried else before.rate.rate,
        new_rate=result.rate,
        effective_date=result.rate_date,
        calculation_method=result.method,
        sample_size=_rows_behind(result, sums) if kept_rows is None else kept_rows,
        outcome=result.outcome,
        changed=changed,
        error=error,
        total_dollars=None if sums is None else sums.dollars,
        rate_hours=None if sums is None else sums.rate_hours,
    )


def _error(terms: RateTerms, implausible: Decimal | None) -> str:
    """Why there is no rate, in a sentence."""
    days = f"from {terms.first} to {terms.last}"
    if implausible is not None:
        limits = terms.limits
        reason = f"The rate {implausible} calculated {days} is not within {limits.lowest} to {limits.highest}"
    else:
        reason = f"There are no paid hours to divide by {days}"
    earlier = "" if terms.method is RateMethod.AVERAGE else "no earlier rate and "
    return f"{reason}, {earlier}no default rate of the job code."
