"""The one tree of errors that a use case may raise.

Source: Architecture, "Rules"; REST API, "Errors".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class ForecastError(Exception):
    """A use case could not be carried out, for a reason that can be told.

    `code` and `status` (HTTP) are those of the REST API; `message` is a sentence for people; `details` holds
    what a client may see. `further` are other things that are wrong and were found at the same time. What happened
    inside stays in the cause (`raise ... from error`).
    """

    code = "INTERNAL_ERROR"
    status = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.details = dict(details or {})
        self.further: Sequence[ForecastError] = ()

    @property
    def all(self) -> "list[ForecastError]":
        """This error and the further ones of its status, in order."""
        return [self, *[error for other in self.further for error in other.all if error.status == self.status]]


def together(errors: Iterable[ForecastError]) -> ForecastError | None:
    """Errors that were found at the same time as one: the first, with the others; None where there is none."""
    found = [*errors]
    if not found:
        return None
    found[0].further = [*found[0].further, *found[1:]]
    return found[0]


class InvalidInputError(ForecastError):
    """A value that a caller sent is not acceptable; the message says which one and what is."""

    code = "INVALID_DATA_TYPE"
    status = 400


class NotFoundError(ForecastError):
    """What was asked for does not exist."""

    code = "NOT_FOUND"
    status = 404


class ConflictError(ForecastError):
    """The state forbids the action; `details.reason` says which state."""

    code = "CONFLICT"
    status = 409


class VersionConflictError(ForecastError):
    """The record changed since the writer read it."""

    code = "VERSION_CONFLICT"
    status = 412


class PreconditionRequiredError(ForecastError):
    """A write has to name the version that it is based on."""

    code = "PRECONDITION_REQUIRED"
    status = 428


class RuleViolationError(ForecastError):
    """Every value is valid, but together they break a rule."""

    code = "BUSINESS_RULE_VIOLATION"
    status = 422


class CalculationRefusedError(ForecastError):
    """Every value is valid, but no result can be computed from them."""

    code = "CALCULATION_ERROR"
    status = 422


class ConfigurationError(ForecastError):
    """A setting is missing or wrong; the message names it and the accepted values."""


class TransientError(ForecastError):
    """A fault that may pass: the only kind that is tried again."""

    code = "DATABASE_ERROR"
    status = 503


class LastingError(TransientError):
    """A fault that will pass, but not at once: tried again after a while."""


class SourceError(ForecastError):
    """A source system could not be read. `code` is one of section 11 of the source description.

    Source: Source side, "Run history, lineage, failure".
    """

    code = "SOURCE_UNAVAILABLE"
    status = 502


class TransientSourceError(SourceError, TransientError):
    """A source that may answer at the next try."""

    code = "SOURCE_UNAVAILABLE"
    status = 502
