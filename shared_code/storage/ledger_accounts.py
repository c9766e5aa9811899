"""Accounts of the ledger as they were staged: one row an account, whatever number of places name it.

Source: Source side, "Ledger master (`TP_EDW.dbo`, connection `ledger`)".
"""

from sqlalchemy import Connection, and_, delete, exists, or_, select

from shared_code.storage.tables.staging import stg_gl_accounts


def prefer_view(connection: Connection, sync_run_id: str) -> int:
    """Keep of each staged account the view's row, else the mirror's, and of several rows of one place the first.

    Returns how many rows were dropped. The mirror is the second opinion, asked only where the view has no row.
    """
    staged, better = stg_gl_accounts, stg_gl_accounts.alias("better")
    comes_first = or_(
        and_(better.c.origin == "view", staged.c.origin == "mirror"),
        and_(better.c.origin == staged.c.origin, better.c.row_no < staged.c.row_no),
    )
    same_account = and_(
        better.c.sync_run_id == sync_run_id,
        better.c.company == staged.c.company,
        better.c.account_number == staged.c.account_number,
    )
    dropped = connection.execute(
        delete(staged).where(staged.c.sync_run_id == sync_run_id, exists(select(1).where(same_account, comes_first)))
    )
    return dropped.rowcount
