"""What the latest validation of the sources found.

Source: REST API, "Operations".
"""

from collections.abc import Iterable, Sequence
from typing import Final

from shared_code.errors import NotFoundError
from shared_code.services.runtime import Runtime
from shared_code.storage import quality_checks
from shared_code.storage.quality_checks import QualityCheck

_VERDICTS: Final = ("pass", "warn", "fail")
"""The verdicts on a source, the best first."""


def latest_validation(runtime: Runtime) -> Sequence[QualityCheck]:
    """The checks of the newest validation run, by source. Raises `NotFoundError` when none has run yet."""
    with runtime.database.reading() as connection:
        checks = quality_checks.latest_run(connection)
    if not checks:
        raise NotFoundError("The sources have not been validated yet.")
    return checks


def overall_of(checks: Iterable[QualityCheck]) -> str:
    """The worst verdict of `checks`."""
    return max((check.status for check in checks), key=_VERDICTS.index)
