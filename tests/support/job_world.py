"""A company with job groups and job codes, for tests of how administrators arrange them."""

from typing import Any

from shared_code.storage.tables.job_codes import job_codes, job_groups, site_job_codes
from shared_code.storage.tables.messages import audit_events, cache_versions
from tests.support.pnl_world import PnlWorld

AUDITED = ("user_id", "role_code", "module", "item_key", "field", "old_value", "new_value", "site_id", "source")


class JobWorld(PnlWorld):
    """A database whose job codes are used at sites."""

    def add_group(self, job_group_id: str, title: str, *, is_active: bool = True) -> None:
        row = {"job_group_id": job_group_id, "title": title, "is_active": is_active}
        self._insert(job_groups, [row], std=True, run=False)

    def add_code(self, code: str, title: str = "", group: str | None = None, *, is_active: bool = True) -> None:
        """A productive job code; its title is the code unless it has another."""
        row = {"job_code_id": code, "title": title or code, "job_group_id": group, "is_active": is_active}
        self._insert(job_codes, [row | {"is_productive": True, "first_seen_at": self.clock.now()}], std=True, run=False)

    def use(self, site_id: str, code: str, employees: int = 0, *, is_active: bool = True) -> None:
        """Employ people under a job code at a site."""
        row = {"site_id": site_id, "job_code_id": code, "is_active": is_active, "active_employee_count": employees}
        self._insert(site_job_codes, [row], std=True, run=False)

    def codes(self) -> dict[str, tuple[Any, ...]]:
        """Title, group, whether active and productive, by job code."""
        columns = ("job_code_id", "title", "job_group_id", "is_active", "is_productive")
        return {code: tuple(rest) for code, *rest in self.rows(job_codes, *columns)}

    def groups(self) -> dict[str, tuple[str, bool]]:
        """Title and whether active, by group."""
        return {
            key: (title, active) for key, title, active in self.rows(job_groups, "job_group_id", "title", "is_active")
        }

    def trail(self) -> list[dict[str, Any]]:
        """What the audit trail says, in the order in which it was written."""
        rows = self.rows(audit_events, "audit_id", *AUDITED)
        return [dict(zip(AUDITED, row[1:], strict=True)) for row in rows]

    def inputs_raised(self) -> dict[str, int]:
        """The versions of the inputs of site-years, by tag."""
        rows = self.rows(cache_versions, "tag", "version")
        return {tag: version for tag, version in rows if tag.startswith("inputs:")}
