"""Every check there is, in one list.

Source: Source side, "Data-quality rules".
"""

from typing import Final

from shared_code.storage.quality.check import Check
from shared_code.storage.quality.fact_checks import FACT_CHECKS
from shared_code.storage.quality.master_checks import MASTER_CHECKS
from shared_code.storage.quality.result_checks import RESULT_CHECKS
from shared_code.storage.quality.run_checks import RUN_CHECKS

CHECKS: Final[tuple[Check, ...]] = (*RUN_CHECKS, *MASTER_CHECKS, *FACT_CHECKS, *RESULT_CHECKS)
"""Their names are unique."""
