"""What went wrong with the warehouse, in the words of the run history.

Source: Source side, "Run history, lineage, failure".
"""

from collections.abc import Sequence

from shared_code.errors import SourceError, TransientSourceError
from shared_code.sql.transient import FaultKind, fault_of


def source_error(error: Exception, objects: Sequence[str], right: str = "SELECT") -> SourceError:
    """`error` of a read of `objects` as the error that a run records; the driver's own text stays in the cause.

    `SOURCE_TIMEOUT` and `SOURCE_UNAVAILABLE` are transient when the same read may succeed later;
    `SOURCE_PERMISSION` names the objects and the `right` that is missing, `SOURCE_SCHEMA_MISMATCH` the objects.
    """
    if isinstance(error, SourceError):
        return error
    fault = fault_of(error)
    # Of the text only names that are ours anyway are looked for.
    said = str(getattr(error, "orig", error)).casefold()
    listed = ", ".join([name for name in objects if name.casefold() in said] or objects)
    if fault.is_transient and fault.is_timeout:
        return TransientSourceError(
            f"The warehouse did not answer in time for {listed}, or another session held it.", code="SOURCE_TIMEOUT"
        )
    if fault.is_transient:
        return TransientSourceError(f"The warehouse could not be reached for {listed}.", code="SOURCE_UNAVAILABLE")
    if fault.kind is FaultKind.LOGIN:
        return SourceError("The warehouse refused the login.", code="SOURCE_UNAVAILABLE")
    if fault.kind is FaultKind.PERMISSION:
        return SourceError(f"The login lacks the right {right} on {listed}.", code="SOURCE_PERMISSION")
    if fault.kind is FaultKind.SCHEMA:
        return SourceError(
            f"The warehouse has changed: an object or column of {listed} is missing.", code="SOURCE_SCHEMA_MISMATCH"
        )
    return SourceError(f"The warehouse could not answer the query on {listed}.", code="SOURCE_UNAVAILABLE")


__all__ = ["source_error"]
