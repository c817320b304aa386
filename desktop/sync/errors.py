"""What can go wrong between this PC and the server, each with a sentence for the person (docs/sync-protocol.md,
[S-21])."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class SyncError(Exception):
    """The exchange with the server failed; `str()` is a sentence for the person."""


class Unreachable(SyncError):
    """No answer from the server: the internet or the server is down, or busy. Trying again later helps."""

    def __init__(self, sentence: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class SignedOut(SyncError):
    """The server no longer knows this PC; signing in again helps."""


class Revoked(SyncError):
    """The center ended this PC's access: what it holds is to be destroyed ([S-90])."""


class SignInRefused(SyncError):
    """E-mail and password do not fit, or the user may not use the desktop."""


class Suspended(SyncError):
    """The center itself may not sync for now."""


class TooOld(SyncError):
    """This program is older than the server can speak with."""


class TooNew(SyncError):
    """This program is newer than the server can speak with."""


class ClockAhead(SyncError):
    """Something sent was stamped later than the server accepts ([S-3])."""


class ServerRestored(SyncError):
    """The server began another life of its data; a hello tells since when ([S-32])."""


class TooLarge(SyncError):
    """A message was larger than the server accepts."""


class Forked(SyncError):
    """This store is another life of one that the server knows: it gets a name of its own ([S-31])."""

    def __init__(self, sentence: str, device_id: str, token: str, lineage: str) -> None:
        super().__init__(sentence)
        self.device_id, self.token, self.lineage = device_id, token, lineage


_KINDS: dict[str, Callable[[str], SyncError]] = {
    "signed_out": lambda _: SignedOut("This PC is no longer signed in. Sign in again to send and fetch changes."),
    "revoked": Revoked,
    "not_allowed": SignInRefused,
    "suspended": Suspended,
    "too_old": TooOld,
    "too_new": TooNew,
    "clock_ahead": ClockAhead,
    "restored": ServerRestored,
    "too_large": TooLarge,
}
_BY_STATUS = {401: "signed_out", 403: "not_allowed", 413: "too_large", 426: "too_old"}


def error_of(status: int, answer: Mapping[str, Any], retry_after: str | None = None) -> SyncError:
    """The error that an answer of the server stands for."""
    detail = answer.get("detail")
    sentence = detail if isinstance(detail, str) else f"The server answered with an error ({status})."
    code = answer.get("code") or _BY_STATUS.get(status, "")
    if code == "forked":
        return Forked(sentence, str(answer["device_id"]), str(answer["token"]), str(answer["lineage"]))
    kind = _KINDS.get(code)
    if kind is not None:
        return kind(sentence)
    if status >= 500 or status in (408, 429):
        seconds = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
        return Unreachable("The server is not available right now.", seconds)
    return SyncError(sentence)
