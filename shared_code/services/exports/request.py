"""What is to be exported, for whom: the same whether it is done within the request or after it.

Source: REST API, "Audit and export"; Data model, "Audit, messages, leases, cache".
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from shared_code.domain.site_scope import SiteScope


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """An export of a site's module, or of an organisation's roll-up (`module` is `rollup`, `site_id` None).

    `periods` are the periods that are answered, `options` the other parameters of the exported GET under the names of
    its query, `filters` those that were given, in words. `reads_pay` and `site_ids` (None: all) are the rights of
    `user_id` at the moment of the request: what is written afterwards shows no more than they allowed.
    """

    module: str
    file_format: str
    user_id: str
    periods: tuple[str, ...]
    site_id: str | None = None
    organization_level: str | None = None
    organization_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    filters: str = ""
    reads_pay: bool = False
    site_ids: tuple[str, ...] | None = None

    @property
    def scope(self) -> SiteScope:
        """The sites that the user reached."""
        return SiteScope(None) if self.site_ids is None else SiteScope.of(self.site_ids)

    @property
    def file_name(self) -> str:
        """A name for the file: what it is about, in letters that every system takes."""
        about = [self.site_id] if self.site_id else [self.organization_level, self.organization_id]
        span = dict.fromkeys((self.periods[0], self.periods[-1]))
        words = (re.sub(r"[^A-Za-z0-9-]+", "_", word)[:60] for word in (self.module, *about, *span) if word)
        return f"{'-'.join(words)}.{self.file_format}"

    def parameters(self) -> dict[str, Any]:
        """The request as it is kept, in JSON."""
        return asdict(self)

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """The request that was kept."""
        values = dict(parameters)
        values["periods"] = tuple(values["periods"])
        if values["site_ids"] is not None:
            values["site_ids"] = tuple(values["site_ids"])
        return cls(**values)
