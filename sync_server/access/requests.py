"""What the handlers of requests ask first: which database, and which device stands behind the request; and how they
say no, with a code for the program and a sentence for the person (docs/sync-protocol.md, [S-21])."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError

from sync_server.access.devices import DeviceIdentity, DeviceState, identify
from sync_server.database import Database
from sync_server.operations.standing import SUSPENDED_CODE, SUSPENDED_SENTENCE


class Refused(Exception):
    """A request that is answered with an error; `str()` is the sentence for the person."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`more` stands in the answer beside code and detail."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The answer as JSON."""
        return orjson.dumps({"code": self.code, "detail": str(self), **self.more})

    def answer(self) -> Response:
        """The answer."""
        return Response(self.body(), self.status, self.headers, "application/json")


def signed_out() -> Refused:
    """No such token: signing in again helps."""
    return Refused(401, "signed_out", "This PC is not signed in.", headers={"WWW-Authenticate": "Bearer"})


def revoked() -> Refused:
    """The device was taken off the center's list ([S-90])."""
    return Refused(
        401,
        "revoked",
        "This PC’s access was ended by the center. What it holds of the center is removed.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def bearer(authorization: str) -> str:
    """The token in an Authorization header; raises Refused when there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise signed_out()
    return token


def add_refusals(app: FastAPI) -> None:
    """Let handlers raise Refused, and answer what is not of the described form in the same words."""

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.answer()

    async def unreadable(_request: Request, error: Exception) -> Response:
        # The framework's own answer holds what was sent, which need not be text.
        assert isinstance(error, RequestValidationError)
        places = sorted({str(part) for problem in error.errors() for part in problem["loc"] if part != "body"})
        named = f": {', '.join(places)}" if places else ""
        return Refused(422, "invalid", f"The server cannot use what was sent{named[:200]}.").answer()

    app.add_exception_handler(Refused, answer)
    app.add_exception_handler(RequestValidationError, unreadable)


def database_of(request: Request) -> Database:
    """The database that the app was made with."""
    database: Database = request.app.state.database
    return database


DatabaseOf = Annotated[Database, Depends(database_of)]


def device_of(request: Request, database: DatabaseOf, authorization: Annotated[str, Header()] = "") -> DeviceIdentity:
    """The device behind a request; refuses one whose token is unknown, whose device is revoked, or whose
    organization is suspended."""
    found = identify(database, bearer(authorization), datetime.now(UTC))
    if found is DeviceState.UNKNOWN:
        raise signed_out()
    if found is DeviceState.REVOKED:
        raise revoked()
    # For the request's line in the log.
    request.state.organization_id, request.state.device_id = found.organization_id, found.device_id
    if request.app.state.standing.is_suspended(found.organization_id):
        raise Refused(403, SUSPENDED_CODE, SUSPENDED_SENTENCE)
    return found


DeviceOf = Annotated[DeviceIdentity, Depends(device_of)]
