"""Joining a center: sign in, remember who and where this PC is, and fetch everything for the first time."""

from __future__ import annotations

import platform

from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.sync.client import Center, SyncClient
from desktop.sync.exchange import pull_all
from desktop.sync.worker import SERVER, TOKEN


def sign_in(
    store: Store, server_url: str, email: str, password: str, organization_id: str | None = None
) -> Center | list[Center]:
    """Sign this PC in and fetch the center; a list when the account has several centers to choose from.

    Raises SyncError with a sentence for the person, or StoreError when the store holds another center.
    """
    client = SyncClient(server_url)
    try:
        device_id = store.local("device_id")
        assert device_id is not None
        outcome = client.sign_in(email, password, device_id, platform.node() or "This PC", organization_id)
        if isinstance(outcome, list):
            return outcome
        known = store.local("organization_id")
        if known is not None and known != outcome.center.organization_id:
            raise StoreError("This PC already holds another center. Use a new user of the PC for this one.")
        store.secrets.keep(TOKEN, outcome.token)
        store.set_local(
            organization_id=outcome.center.organization_id,
            user_id=outcome.center.user_id,
            **{SERVER: server_url},
        )
        pull_all(store, client)
        return outcome.center
    finally:
        client.close()
