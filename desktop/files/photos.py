"""The photos that a page shows: read and decrypted off the UI thread, kept while the page lives, shown when they have
come from the server."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop.background import Background
from desktop.files.keeper import FileKeeper
from desktop.files.pictures import middle_square, picture_of, squared
from desktop.page import Changes
from desktop.store.store import Store
from shared_models.organization.files import BadFile, StoredFile

_SIDE = 256


class PhotoBook(QObject):
    """Square photos by the hash of their file. `arrived` when one can be shown that could not before."""

    arrived = Signal()

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeper = FileKeeper(store)
        self._background = Background(self)
        self._photos: dict[str, QImage | None] = {}
        self._asked: set[str] = set()

    def photo(self, sha256: str) -> QImage | None:
        """The photo, if it is at hand; otherwise it is looked for, and `arrived` tells when it is found."""
        if not sha256:
            return None
        if sha256 not in self._photos and sha256 not in self._asked:
            self._asked.add(sha256)
            self._background.run(
                lambda: self._read(sha256),
                lambda photo: self._keep(sha256, photo),
                lambda _error: self._keep(sha256, None),
            )
        return self._photos.get(sha256)

    def refresh(self, changes: Changes) -> bool:
        """Look again for photos that were not here, if files have come; says whether any may have."""
        if StoredFile.__tablename__ not in changes:
            return False
        for sha256 in [name for name, photo in self._photos.items() if photo is None]:
            del self._photos[sha256]
        return True

    def close(self) -> None:
        """Let go of what is being read."""
        self._background.close()

    def _read(self, sha256: str) -> QImage | None:
        content = self._keeper.read(sha256)
        if content is None:
            return None
        try:
            picture = picture_of(content, 2 * _SIDE)
        except BadFile:
            return None
        return squared(picture, middle_square(picture.size()), _SIDE)

    def _keep(self, sha256: str, photo: QImage | None) -> None:
        self._asked.discard(sha256)
        self._photos[sha256] = photo
        if photo is not None:
            self.arrived.emit()
