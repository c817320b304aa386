"""What the handlers of requests ask first: which database, and which device stands behind the request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request

from sync_server.access.devices import DeviceIdentity, identify
from sync_server.database import Database


def database_of(request: Request) -> Database:
    """The database that the app was made with."""
    database: Database = request.app.state.database
    return database


DatabaseOf = Annotated[Database, Depends(database_of)]


def device_of(database: DatabaseOf, authorization: Annotated[str, Header()] = "") -> DeviceIdentity:
    """The device behind a request; 401 when its token is unknown or revoked."""
    scheme, _, token = authorization.partition(" ")
    identity = identify(database, token, datetime.now(UTC)) if scheme.lower() == "bearer" and token else None
    if identity is None:
        raise HTTPException(401, "This PC is not signed in.", {"WWW-Authenticate": "Bearer"})
    return identity


DeviceOf = Annotated[DeviceIdentity, Depends(device_of)]
