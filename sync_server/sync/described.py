"""The endpoints of the sync in the description of the API (OpenAPI): they are plain handlers, of which the framework
cannot see what they take and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from shared_models.sync.wire import CONTENT_TYPE, SPOKEN

_ERRORS = {
    400: "The message could not be read.",
    401: "The PC is not signed in (`signed_out`), or its access was ended (`revoked`).",
    403: "The organization is suspended.",
    409: "The PC’s clock is far ahead, its store is a copy, or the server was restored; `code` says which.",
    413: "The message is too large.",
    426: "The program is too old or too new.",
    503: "The server is busy; `Retry-After` says when to come again.",
}
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_MESSAGE = {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}
_AUTHORIZATION = {
    "name": "authorization",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "default": ""},
    "description": "`Bearer` and the device’s token.",
}


def describe_sync(app: FastAPI) -> None:
    """Add the sync to what the application says of itself."""
    own: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        described = own()
        described["paths"].update(_paths())
        return described

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way of adding to it


def _paths() -> dict[str, Any]:
    return {
        "/api/v1/sync/hello": {
            "post": _operation(
                "hello",
                "Say which protocols one speaks, and learn where the server stands (part 4).",
                _json(_object(_ANSWER_TO_HELLO)),
                (400, 401, 403, 409, 413, 426, 503),
                body={"application/json": {"schema": _object(_HELLO, required=("protocols",))}},
            )
        },
        "/api/v1/sync/push": {
            "post": _operation(
                "push",
                "Send changed rows: one zstd frame of JSON, which is answered by another (part 5).",
                {"description": "What was accepted and refused.", "content": _MESSAGE},
                (400, 401, 403, 409, 413, 426, 503),
                body=_MESSAGE,
            )
        },
        "/api/v1/sync/pull": {
            "get": _operation(
                "pull",
                "Fetch the rows after a cursor: frames, each after four bytes of its length; one message without its "
                "length in protocol 1 or with a limit (part 6).",
                {"description": "Rows, in the order of their numbers.", "content": _MESSAGE},
                (400, 401, 403, 426, 503),
                parameters=[
                    _query("protocol", {"type": "integer", "enum": list(SPOKEN)}, "1 unless it is said."),
                    _query("after", _NUMBER, "The cursor: rows up to it are here."),
                    _query("scope", _TEXT, "The token of what the user may see."),
                    _query("withdrawn", {"type": "string", "enum": ["all"]}, "Name all that may not be seen."),
                    _query("table", _TEXT, "One table alone."),
                    _query("limit", {"type": "integer", "minimum": 1}, "One page of so many rows, and no stream."),
                ],
            )
        },
        "/api/v1/sync/digests": {
            "get": _operation(
                "digests",
                "Counts and sums by table of what this device may see (part 8).",
                _json(
                    _object({"at": _NUMBER, "tables": {"type": "object", "additionalProperties": {"type": "array"}}})
                ),
                (401, 403, 503),
                parameters=[_query("deep", {"type": "string", "enum": ["0", "1"]}, "With a hash of all values.")],
            )
        },
        "/api/v1/sync/watch": {
            "get": _operation(
                "watch",
                "Be told of changes at once: server-sent events without an end (part 9).",
                {"description": "`changed`, `scope` and `bye`.", "content": {"text/event-stream": {"schema": _TEXT}}},
                (401, 403, 503),
            )
        },
    }


_HELLO: dict[str, Any] = {
    "protocols": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "example": list(SPOKEN)},
    "schema": _TEXT,
    "program": _TEXT,
    "wall_ms": _NUMBER,
    "lineage": {"type": ["string", "null"]},
    "cursor": _NUMBER,
}
_ANSWER_TO_HELLO: dict[str, Any] = {
    "protocol": _NUMBER,
    "schema": _TEXT,
    "server_time_ms": _NUMBER,
    "epoch": _TEXT,
    "restored_at_seq": {"type": ["integer", "null"]},
    "last_seq": _NUMBER,
    "scope": _TEXT,
    "lineage": _TEXT,
}


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any],
    errors: tuple[int, ...],
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    refused = _object({"code": _TEXT, "detail": _TEXT}, required=("code", "detail"))
    described: dict[str, Any] = {
        "tags": ["sync"],
        "operationId": f"sync_{name}",
        "summary": summary,
        "parameters": [_AUTHORIZATION, *(parameters or [])],
        "responses": {
            "200": answer,
            **{
                str(status): {"description": _ERRORS[status], "content": {"application/json": {"schema": refused}}}
                for status in errors
            },
        },
    }
    if body is not None:
        described["requestBody"] = {"required": True, "content": body}
    return described


def _query(name: str, schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words}


def _object(properties: dict[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required or properties)}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}
