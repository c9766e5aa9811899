"""Microsoft's engine (azure-functions-runtime) in this process, spoken to as the host speaks to it.

The engine takes its protocol messages from the worker around it; the records here stand in for those, with the members
and numbers of the protocol. Indexing, decoding, calling and encoding are the engine's own.
"""

import asyncio
import importlib
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HOST = "127.0.0.1"


class TypedData:
    """One value on the wire: exactly one of `http`, `json`, `bytes`, `string`, `int`."""

    def __init__(self, **value: Any) -> None:
        [(self._kind, content)] = value.items()
        setattr(self, self._kind, content)

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the protocol's name
        return self._kind


class ParameterBinding(SimpleNamespace):
    """A value for a parameter of the function."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the protocol's name
        return "data"


class BindingInfo(SimpleNamespace):
    """A binding as indexed, with the protocol's numbers."""

    out = 1
    inout = 2
    undefined = 0


class StatusResult(SimpleNamespace):
    """How a request to the engine ended."""

    Failure = 0
    Success = 1


_PROTOCOL = SimpleNamespace(
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    FunctionMetadataResponse=SimpleNamespace,
    InvocationResponse=SimpleNamespace,
    RpcException=SimpleNamespace,
    RpcFunctionMetadata=SimpleNamespace,
    RpcHttp=SimpleNamespace,
    WorkerInitResponse=SimpleNamespace,
    WorkerMetadata=SimpleNamespace,
)


class EngineError(Exception):
    """The engine reported a failure: its message, with the name of the error's class before it."""


class Engine:
    """The engine after it has indexed the app in a folder."""

    def __init__(self, folder: Path) -> None:
        """Indexes `function_app.py` in `folder`. Raises `EngineError` when the engine refuses it."""
        self._runtime = importlib.import_module("azure_functions_runtime")
        self._runtime.start_threadpool_executor()
        init = SimpleNamespace(capabilities={}, function_app_directory=str(folder))
        self._ask("worker_init_request", worker_init_request=init)
        metadata = self._ask("functions_metadata_request").function_metadata_results
        self.functions: dict[str, Any] = {one.name: one for one in metadata}

    def close(self) -> None:
        """Stops the engine's threads."""
        self._runtime.stop_threadpool_executor()

    def http(self, name: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
        """Answer of function `name`: `status_code` (text), `headers`, `body.bytes`."""
        request = SimpleNamespace(
            method=method, url=f"https://app.example{path}", headers=headers, query={}, params={},
            body=TypedData(bytes=body),
        )  # fmt: skip
        return self._invoke(name, TypedData(http=request), {}).return_value.http

    def timer(self, name: str, *, past_due: bool = False) -> None:
        """Fires timer `name`."""
        self._invoke(
            name, TypedData(json=json.dumps({"IsPastDue": past_due, "Schedule": {}, "ScheduleStatus": {}})), {}
        )

    def message(self, name: str, body: bytes, **metadata: TypedData) -> None:
        """Delivers a message in binary to queue function `name`, with the broker's `metadata`."""
        self._invoke(name, TypedData(bytes=body), metadata)

    def _invoke(self, name: str, value: TypedData, trigger_metadata: Mapping[str, TypedData]) -> Any:
        function = self.functions[name]
        trigger = next(binding for binding, info in function.bindings.items() if info.type.endswith("Trigger"))
        invocation = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function.function_id,
            input_data=[ParameterBinding(name=trigger, data=value)],
            trigger_metadata=trigger_metadata,
            trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        return self._ask("invocation_request", invocation_request=invocation)

    def _ask(self, entry: str, **request: Any) -> Any:
        envelope = SimpleNamespace(request=SimpleNamespace(**request), properties={"host": HOST, "protos": _PROTOCOL})
        answer = asyncio.run(getattr(self._runtime, entry)(envelope))
        if answer.result.status != StatusResult.Success:
            raise EngineError(answer.result.exception.message)
        return answer
