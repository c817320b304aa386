"""Asks the server to erase somebody for good. Knows no store and no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.sync.worker import SERVER, TOKEN
from shared_models.privacy.erasure import ErasedKind

if TYPE_CHECKING:
    import httpx

_TIMEOUT_SECONDS = 120.0
_CONNECT_SECONDS = 5.0
_AWAY = "The server does not answer. Erasing needs it; try again when the internet is back. Nothing was erased."


class NotErased(StoreError):
    """The server did not erase; `str()` says why and what to do."""


def can_reach_server(store: Store) -> bool:
    """Whether this PC is joined to a server and signed in."""
    return store.local(SERVER) is not None and store.secrets.read(TOKEN) is not None


def erase_on_server(store: Store, kind: ErasedKind, row_id: str, confirmation: str) -> None:
    """Erase somebody for good, named as `confirmation` says. Blocks: not for the UI thread. Raises NotErased."""
    import httpx

    url, token = store.local(SERVER), store.secrets.read(TOKEN)
    if url is None or token is None:
        raise NotErased("Sign in first: what is erased has to be erased on the server, too.")
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/api/v1/erasures",
            json={"kind": kind.value, "id": row_id, "confirmation": confirmation},
            headers={"Authorization": f"Bearer {token.value}"},
            timeout=httpx.Timeout(_TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise NotErased(_AWAY) from error
    if not answer.is_success:
        raise NotErased(_sentence(answer))


def _sentence(answer: httpx.Response) -> str:
    if answer.status_code == 401:
        return "This PC is no longer signed in. Sign in again, then erase."
    if answer.status_code == 404:
        return "The server does not know this yet. Wait until all changes are sent, then try again."
    if answer.status_code >= 500:
        return _AWAY
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    return detail if isinstance(detail, str) else f"The server refused it ({answer.status_code}). Nothing was erased."
