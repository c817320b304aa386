"""Joining a center: sign in, remember who and where this PC is, and fetch everything for the first time."""

from __future__ import annotations

import platform

from desktop.access.account_client import AccountClient, SecondFactorNeeded, SignedIn
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.sync.client import Center, SyncClient
from desktop.sync.exchange import pull_all
from desktop.sync.worker import SERVER, TOKEN

PROOF = "device-proof"
"""The secret by which the server knows this PC again, so that others' guesses never keep its people out."""

Outcome = Center | SecondFactorNeeded | list[Center]


def sign_in(
    store: Store, server_url: str, email: str, password: str, organization_id: str | None = None, *, code: str = ""
) -> Outcome:
    """Sign this PC in and fetch the center; a list when the account has several centers to choose from.

    Raises SyncError with a sentence for the person, or StoreError when the store holds another center.
    """
    proof = store.secrets.read(PROOF)
    with AccountClient(server_url) as client:
        outcome = client.sign_in(
            email,
            password,
            device_id=_device_id(store),
            device_name=_device_name(),
            organization_id=organization_id,
            code=code,
            proof=proof.value if proof is not None else "",
        )
    return _joined(store, server_url, outcome)


def redeem(
    store: Store, server_url: str, pairing_code: str, verifier: str, organization_id: str | None = None
) -> Outcome:
    """Sign this PC in with what the person's browser brought, and fetch the center.

    Raises SyncError with a sentence for the person, or StoreError when the store holds another center.
    """
    with AccountClient(server_url) as client:
        outcome = client.redeem(
            pairing_code,
            verifier,
            device_id=_device_id(store),
            device_name=_device_name(),
            organization_id=organization_id,
        )
    return _joined(store, server_url, outcome)


def _joined(store: Store, server_url: str, outcome: SignedIn | SecondFactorNeeded | list[Center]) -> Outcome:
    if not isinstance(outcome, SignedIn):
        return outcome
    known = store.local("organization_id")
    if known is not None and known != outcome.center.organization_id:
        raise StoreError("This PC already holds another center. Use a new user of the PC for this one.")
    store.secrets.keep(TOKEN, outcome.token)
    if outcome.proof:
        store.secrets.keep(PROOF, outcome.proof)
    store.set_local(
        organization_id=outcome.center.organization_id,
        user_id=outcome.center.user_id,
        **{SERVER: server_url},
    )
    client = SyncClient(server_url, outcome.token)
    try:
        pull_all(store, client)
    finally:
        client.close()
    return outcome.center


def _device_id(store: Store) -> str:
    device_id = store.local("device_id")
    assert device_id is not None
    return device_id


def _device_name() -> str:
    return platform.node() or "This PC"
