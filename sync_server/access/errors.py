"""What can go wrong with accounts. Each error's `str()` is a sentence for the person; `status` and `code` are what an
HTTP answer says to the program."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from sync_server.operations.standing import SUSPENDED_CODE


class AccountError(Exception):
    """A request about accounts that cannot be granted."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {}


class SignInRefused(AccountError):
    """E-mail and password do not fit, or the user may not use the desktop."""

    status = 403
    code = "sign_in_refused"


class CenterSuspended(AccountError):
    """The host has suspended the organization."""

    status = 403
    code = SUSPENDED_CODE

    def __init__(self) -> None:
        super().__init__(
            "Your center’s account on this server is suspended at the moment. Nothing of it is lost. Please ask the "
            "people who run the server, and sign in again once it is open."
        )


class WrongCode(AccountError):
    """The code of the second factor does not fit, or was used before."""

    status = 403
    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__("This code does not fit. Wait for the next one in your app, then type that.")


class SecretUnreadable(AccountError):
    """The server lacks the key under which the second factor's secret was sealed."""

    status = 503
    code = "secret_unreadable"

    def __init__(self) -> None:
        super().__init__(
            "Codes of the app cannot be checked at the moment. Use one of your recovery codes, or tell the people "
            "who run the server."
        )


class SlugTaken(AccountError):
    """The website address is not available."""

    status = 409
    code = "slug_taken"


class LinkEnded(AccountError):
    """A mailed link was used, withdrawn or is too old."""

    status = 410
    code = "link_ended"

    def __init__(self, words: str = "This link was used already or is too old. Ask for a new one.") -> None:
        super().__init__(words)


class NotFound(AccountError):
    """There is nothing of that kind in this organization, or not for this user."""

    status = 404
    code = "not_found"

    def __init__(self, words: str = "Not found.") -> None:
        super().__init__(words)


class NotAllowed(AccountError):
    """The user's roles do not reach so far."""

    status = 403
    code = "not_allowed"


class _Later(AccountError):
    """Trying again after `wait` helps."""

    def __init__(self, words: str, wait: timedelta) -> None:
        super().__init__(words)
        self.wait = max(wait, timedelta(seconds=1))

    @property
    def headers(self) -> dict[str, str]:
        """When to try again."""
        return {"Retry-After": str(int(self.wait.total_seconds()))}


class ServerBusy(_Later):
    """Too many passwords are being checked at this moment."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("The server is busy. Try again in a minute.", timedelta(seconds=20))


class TooManyTries(_Later):
    """A counter is used up."""

    status = 429
    code = "too_many_tries"

    def __init__(self, wait: timedelta) -> None:
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"Too many tries. Wait {span}, or choose a new password by e-mail.", wait)
