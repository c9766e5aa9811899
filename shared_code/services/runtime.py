"""What the use cases run on: settings, clock, database and sources, put together once a process.

Source: Architecture, "The house".
"""

from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from shared_code import telemetry
from shared_code.cache import Cache, open_cache
from shared_code.clock import Clock, SystemClock
from shared_code.logs import configure_logging
from shared_code.services.handler_places import HandlerPlaces
from shared_code.services.prompt_relay import PromptRelay
from shared_code.settings import Settings, settings
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sql.engine import operational_engine
from shared_code.storage.database import Database
from shared_code.timetable import schedule_text

if TYPE_CHECKING:
    from shared_code.messaging.service_bus import ServiceBus
    from shared_code.security.keys import KeySet
    from shared_code.security.rate_limit import RequestLimit
    from shared_code.security.tokens import TokenVerifier
    from shared_code.services.permissions import PermissionCache
    from shared_code.sources.budget_api import BudgetApi
    from shared_code.sources.warehouse.reader import WarehouseReader
    from shared_code.sources.workday_api import WorkdayApi


class Runtime:
    """The parts that differ between Azure and a laptop, chosen by settings; sources are opened at first use."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.places = HandlerPlaces(settings)
        self._prompt_relay: PromptRelay | None = None

    @cached_property
    def database(self) -> Database:
        """The operational database."""
        return Database(operational_engine(self.settings), self.clock, self._on_messages)

    @cached_property
    def cache(self) -> Cache:
        """Answers that are kept for a while."""
        return open_cache(self.settings)

    @cached_property
    def service_bus(self) -> "ServiceBus | None":
        """The Service Bus that the settings name; None where the queue in the database takes its place."""
        from shared_code.messaging.service_bus import service_bus  # noqa: PLC0415 - only the relay needs it

        return service_bus(self.settings)

    @cached_property
    def key_set(self) -> "KeySet":
        """The keys that tokens are verified by: the issuer's, or those of development in the embedded default."""
        from shared_code.security import development, keys  # noqa: PLC0415 - only requests need it

        if self.settings.auth_jwks_url:
            return keys.RemoteKeySet(self.settings.auth_jwks_url)
        if development.is_embedded_default(self.settings):
            return development.DevelopmentIssuer.of(self.settings)
        return keys.MissingKeySet()

    @cached_property
    def token_verifier(self) -> "TokenVerifier":
        """Tells which tokens may be believed."""
        from shared_code.security.claims import TokenRules  # noqa: PLC0415 - only requests need it
        from shared_code.security.tokens import TokenVerifier  # noqa: PLC0415 - only requests need it

        return TokenVerifier(self.key_set, TokenRules.of(self.settings), self.clock)

    @cached_property
    def request_limit(self) -> "RequestLimit":
        """Counts requests."""
        from shared_code.security.rate_limit import RequestLimit  # noqa: PLC0415 - only requests need it

        return RequestLimit(self.settings, self.clock)

    @cached_property
    def permissions(self) -> "PermissionCache":
        """What callers may do."""
        from shared_code.services.permissions import PermissionCache  # noqa: PLC0415 - only requests need it

        return PermissionCache(self.database, self.settings)

    @cached_property
    def _warehouse(self) -> tuple[Engine, CircuitBreaker]:
        from shared_code.sources.warehouse.connection import open_warehouse  # noqa: PLC0415 - only feeds need it

        return open_warehouse(self.settings, clock=self.clock), CircuitBreaker(self.clock)

    def warehouse_reader(self) -> "WarehouseReader":
        """A reader of the warehouse for one run: SQL Server, or the embedded sample while no host is set."""
        from shared_code.sources.warehouse.reader import WarehouseReader  # noqa: PLC0415 - only feeds need it

        engine, breaker = self._warehouse
        return WarehouseReader(engine, self.settings, breaker=breaker)

    @property
    def is_warehouse_left_alone(self) -> bool:
        """Whether this process does not ask the warehouse because it keeps failing."""
        return "_warehouse" in self.__dict__ and self._warehouse[1].is_open

    @property
    def node_alias(self) -> str:
        """The alias of the warehouse's node, as it may appear in runs; never its address."""
        from shared_code.sources.warehouse.connection import alias_of  # noqa: PLC0415 - only feeds need it

        return alias_of(self.settings)

    @cached_property
    def budget_api(self) -> "BudgetApi":
        """The budget API."""
        from shared_code.sources.budget_api import BudgetApi  # noqa: PLC0415 - only its feed needs it

        return BudgetApi(self.settings)

    @cached_property
    def workday_api(self) -> "WorkdayApi":
        """The Workday API."""
        from shared_code.sources.workday_api import WorkdayApi  # noqa: PLC0415 - only its feed needs it

        return WorkdayApi(self.settings)

    def relay_promptly(self) -> None:
        """From now on, send soon what a write leaves in the outbox, from a thread of this process.

        Not where the timer `outbox_relay` is switched off: then nothing is sent but by hand.
        """
        if self._prompt_relay is None and schedule_text("outbox_relay"):
            with _opening:
                self._prompt_relay = self._prompt_relay or PromptRelay(self._relay)

    def _relay(self) -> int:
        from shared_code.services.outbox_relay import relay_outbox  # noqa: PLC0415 - it works on a runtime itself

        return relay_outbox(self)

    def _on_messages(self) -> None:
        if self._prompt_relay is not None:
            self._prompt_relay.nudge()

    def close(self) -> None:
        """End the thread that sends, and give every connection back."""
        if self._prompt_relay is not None:
            self._prompt_relay.close()
        if "database" in self.__dict__:
            self.database.engine.dispose()
        if (broker := self.__dict__.get("service_bus")) is not None:
            broker.close()
        if "_warehouse" in self.__dict__:
            self._warehouse[0].dispose()


_opening = Lock()


def runtime() -> Runtime:
    """The runtime of this process, one however many invocations ask for it first."""
    with _opening:
        return _opened()


def serving_runtime() -> Runtime:
    """The same in a process that serves: what its writes leave in the outbox is sent soon after them."""
    current = runtime()
    current.relay_promptly()
    return current


@cache
def _opened() -> Runtime:
    """Timers and queues have no other start, so logging and telemetry are set up here."""
    current = settings()
    configure_logging(current.log_level)
    telemetry.export_to(current.applicationinsights_connection_string.get_secret_value())
    return Runtime(current, SystemClock())
