"""What can go wrong with accounts; each error's `str()` is a sentence for the person."""

from __future__ import annotations

from datetime import timedelta


class AccountError(Exception):
    """A request about accounts that cannot be granted; `str()` is a sentence for the person."""


class SignInRefused(AccountError):
    """E-mail and password do not fit, or the user may not use the desktop."""


class SlugTaken(AccountError):
    """The website address is not available."""


class LinkEnded(AccountError):
    """A mailed link was used, withdrawn or is too old."""

    def __init__(self, words: str = "This link was used already or is too old. Ask for a new one.") -> None:
        super().__init__(words)


class NotFound(AccountError):
    """There is nothing of that kind in this organization, or not for this user."""

    def __init__(self, words: str = "Not found.") -> None:
        super().__init__(words)


class NotAllowed(AccountError):
    """The user's roles do not reach so far."""


class ServerBusy(AccountError):
    """Too many passwords are being checked at this moment."""

    def __init__(self) -> None:
        super().__init__("The server is busy. Try again in a minute.")
        self.wait = timedelta(seconds=20)


class TooManyTries(AccountError):
    """A counter is used up; `wait` says how long until the next try is taken."""

    def __init__(self, wait: timedelta) -> None:
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"Too many tries. Wait {span}, or choose a new password by e-mail.")
        self.wait = max(wait, timedelta(seconds=1))
