"""Makes a store unreadable for good, for a PC whose access the center ended ([S-90])."""

from __future__ import annotations

import logging
import shutil

from desktop.store.keys import STORE_KEY
from desktop.store.store import Store

log = logging.getLogger(__name__)


def destroy(store: Store, *other_secrets: str) -> None:
    """Destroy the key first, without which nothing of the store, its backups and its files can ever be read again;
    then, as far as the system allows, what it locked. The store is of no use afterwards."""
    store.is_destroyed = True
    for name in (STORE_KEY, *other_secrets):
        store.secrets.destroy(name)
    try:
        store.close()
    except Exception:
        log.warning("the store could not be closed; without its key it is unreadable", exc_info=True)
    for name in ("backups", "files"):
        shutil.rmtree(store.folder / name, ignore_errors=True)
    for file in store.folder.glob("store.db*"):
        try:
            file.unlink()
        except OSError as error:
            log.warning("%s is unreadable, but could not be removed: %s", file.name, error.strerror)
