"""A Service Bus peer of its own process, where the emulator is at hand.

The folder comes from `TOWNEPARK_TOOLS`; the emulator needs python-qpid-proton, which is built from its sources and is
therefore no requirement of the tests.
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared_code.messaging.message import QUEUES, SUBSCRIPTIONS, TOPICS

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(os.environ.get("TOWNEPARK_TOOLS", ROOT.parent / "shared" / "tools")) / "servicebus_emulator.py"


def reason_to_skip() -> str | None:
    """Why there is no emulator here; None where there is one."""
    if not SCRIPT.is_file():
        return f"there is no {SCRIPT.name} in {SCRIPT.parent}"
    if importlib.util.find_spec("proton") is None:
        return "python-qpid-proton is not installed"
    return None


def entities(lock: str = "PT5M", time_to_live: str = "P1D") -> Mapping[str, Any]:
    """The namespace of the product, in the form that the emulator reads; lock and time to live are its queues'."""
    queue = {
        "RequiresSession": True,
        "RequiresDuplicateDetection": True,
        "DuplicateDetectionHistoryTimeWindow": "PT10M",
        "LockDuration": lock,
        "MaxDeliveryCount": 5,
        "DefaultMessageTimeToLive": time_to_live,
        "DeadLetteringOnMessageExpiration": True,
    }
    topics = [
        {
            "Name": topic,
            "Subscriptions": [
                {
                    "Name": subscription.name,
                    "Properties": {
                        "RequiresSession": subscription.has_sessions,
                        "LockDuration": "PT1M" if lock == "PT5M" else lock,
                        "MaxDeliveryCount": 10,
                    },
                    "Rules": [
                        {
                            "Name": "wanted",
                            "Properties": {
                                "FilterType": "Correlation",
                                "CorrelationFilter": {
                                    "Label": subscription.subject,
                                    "Properties": dict(subscription.properties),
                                },
                            },
                        }
                    ]
                    if subscription.subject
                    else [],
                }
                for subscription in SUBSCRIPTIONS
                if subscription.topic == topic
            ],
        }
        for topic in TOPICS
    ]
    queues = [{"Name": name, "Properties": queue} for name in QUEUES]
    return {"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": queues, "Topics": topics}]}}


class Emulator:
    """The emulator's process; what it held is gone when it is killed."""

    def __init__(self, folder: Path, lock: str = "PT5M", time_to_live: str = "P1D") -> None:
        self._config = folder / "entities.json"
        self._config.write_text(json.dumps(entities(lock, time_to_live)))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def connection_string(self) -> str:
        """How azure-servicebus reaches it."""
        return (
            f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;"
        )

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [sys.executable, str(SCRIPT), "--port", str(self.port), "--config", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the emulator does not listen")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
