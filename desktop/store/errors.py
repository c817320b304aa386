"""What can go wrong with the store, each with a sentence for the person at the desk."""


class StoreError(Exception):
    """The local store cannot be used as it is; `str()` is a sentence for the person."""


class StoreTooNew(StoreError):
    """The store was written by a newer iTutorOS; it is left untouched."""


class StoreLocked(StoreError):
    """The file cannot be decrypted with the key on this PC."""


class StoreUnwritable(StoreError):
    """The disk is full, read-only or gone; nothing that was saved before is lost."""
