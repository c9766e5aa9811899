"""The local host in processes that may be killed: `python -m tests.faults.host_program FOLDER PORT`.

Everything is imported once; each order on the standard input then forks a host, which costs milliseconds where a new
interpreter costs a second. Until it forks, the program has no threads. An order is one line of JSON, `{"ahead_s": n}`:
the host's clock runs so many seconds ahead of the machine's, so that the locks and leases of the killed have run out.
The answer is the host's process id; the next answer comes when that process has ended.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

from cli.commands.serve import serve
from functions import api
from shared_code.clock import SystemClock


def main(folder: str, port: str) -> None:
    """Carry out the orders of the standard input until it ends."""
    os.chdir(folder)
    api._app()  # built before the fork, once for all hosts
    for line in sys.stdin:
        ahead = timedelta(seconds=json.loads(line)["ahead_s"])
        child = os.fork()
        if child == 0:
            _serve(int(port), ahead)
        _answer(child)
        _, status = os.waitpid(child, 0)
        _answer(os.waitstatus_to_exitcode(status))


def _serve(port: int, ahead: timedelta) -> None:
    SystemClock.now = lambda self: datetime.now(UTC) + ahead  # type: ignore[method-assign]
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    try:
        serve(port=port, as_json=True)
    finally:
        os._exit(1)


def _answer(content: int) -> None:
    sys.stdout.write(f"{content}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
