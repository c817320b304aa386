"""What every operation on accounts works with: the database, the server's addresses, its rules and its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared_models.clock import system_clock
from sync_server.access.passwords import DEFAULT_MINIMUM
from sync_server.database import Database


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """`base_url` is the server's public address, `mail_sender` the address that its mail comes from."""

    database: Database
    base_url: str
    mail_sender: str
    password_minimum: int = DEFAULT_MINIMUM
    now: Callable[[], datetime] = system_clock
