"""A desk at work, as a process of its own that is there to be killed: saves lead after lead, syncs in between when it
has a server, and says of each lead that it is saved, or sent, once it is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from desktop.store.store import Store
from desktop.sync.client import SyncClient, SyncError
from desktop.sync.exchange import exchange
from desktop.sync.worker import SERVER, TOKEN
from shared_models.base import new_id
from shared_models.leads.models import Lead

NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


def main(folder: Path) -> None:
    """Work until the end."""
    store = Store(folder, use_keyring=False)
    server, token = store.local(SERVER), store.secrets.read(TOKEN)
    client = SyncClient(server, token.value) if server is not None and token is not None else None
    saved: list[str] = []
    number = 0
    print("open", flush=True)
    while True:
        number += 1
        lead_id = new_id()
        with store.write("New lead") as session:
            lead = Lead(organization_id=store.organization_id, id=lead_id, created_at=NOW)
            lead.notes = f"note {number} " * 50
            session.add(lead)
        print(f"saved {lead_id}", flush=True)
        saved.append(lead_id)
        if number % 5 == 0:
            with store.write("Called") as session:
                session.get_one(Lead, (store.organization_id, lead_id)).phone = f"+1914555{number:04}"
            print(f"called {lead_id} +1914555{number:04}", flush=True)
        if client is not None and number % 3 == 0:
            try:
                exchange(store, client)
            except SyncError:
                continue
            for sent in saved:
                print(f"sent {sent}", flush=True)
            saved.clear()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
