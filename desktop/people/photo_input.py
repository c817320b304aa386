"""The input of a person's photo: choose a picture file, cut it to a square, see it, or remove it. Reading, encoding
and sealing happen off the UI thread."""

from __future__ import annotations

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop import theme
from desktop.background import Background
from desktop.files.keeper import FileKeeper, NewFile
from desktop.files.pictures import FILE_FILTER, jpeg_of, picture_of_file, squared
from desktop.people.photo_sheet import PhotoSheet
from desktop.store.errors import StoreError
from desktop.widgets import Avatar, Button, Paragraph
from shared_models.organization.files import BadFile, FilePurpose

_UNREADABLE = "This picture could not be read. Choose another."


class PhotoInput(QWidget):
    """What is shown is `photo_hash`; `new_file` is what is to be recorded with it, if it is new. `busyChanged` while
    a file is being read or sealed."""

    busyChanged = Signal(bool)

    def __init__(
        self, keeper: FileKeeper, name: str, photo_hash: str, photo: QImage | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        t = theme.current()
        self._keeper = keeper
        self._name = name
        self.photo_hash = photo_hash
        self.new_file: NewFile | None = None
        self.sheet: PhotoSheet | None = None
        self._background = Background(self)
        self._background.busyChanged.connect(self.busyChanged)
        self.destroyed.connect(self._background.close)
        self.avatar = Avatar(name, 64)
        self.avatar.set_photo(photo)
        self.choose = Button("Choose…", on_click=self._ask)
        self.choose.setAccessibleName("Choose a photo")
        self.remove = Button("Remove", on_click=self.clear)
        self.remove.setAccessibleName("Remove the photo")
        self.remove.setVisible(bool(photo_hash))
        self.error = Paragraph("", "small", "danger")
        self.error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.px(6))
        row = QHBoxLayout()
        row.setSpacing(t.px(8))
        row.addWidget(self.avatar)
        row.addSpacing(t.px(4))
        row.addWidget(self.choose)
        row.addWidget(self.remove)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.error)
        self.setFocusProxy(self.choose)

    def set_photo(self, photo: QImage | None) -> None:
        """The photo has come, while nothing else was chosen."""
        if self.new_file is None and self.photo_hash:
            self.avatar.set_photo(photo)

    def open_file(self, path: str) -> None:
        """Read a picture file, then let the person cut it."""
        self._say("")
        self._background.run(lambda: _picture_or_reason(path), self._cut, lambda _error: self._say(_UNREADABLE))

    def use(self, picture: QImage, square: QRect) -> None:
        """Take a square of a picture as the photo."""
        self._background.run(
            lambda: _taken_or_reason(self._keeper, picture, square, f"{self._name or 'Photo'}.jpg"),
            lambda answer: self._taken(*answer),
            lambda _error: self._say(_UNREADABLE),
        )

    def clear(self) -> None:
        """Show no photo."""
        self.photo_hash, self.new_file = "", None
        self.avatar.set_photo(None)
        self.remove.hide()
        self.choose.setFocus()
        self._say("")

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.window(), "Choose a photo", "", FILE_FILTER)
        if path:
            self.open_file(path)

    def _cut(self, answer: tuple[QImage | None, str]) -> None:
        picture, reason = answer
        if picture is None:
            self._say(reason)
            return
        self.sheet = PhotoSheet(self.window(), picture)
        self.sheet.accepted.connect(lambda square: self.use(picture, square))
        self.sheet.open_sheet(self.sheet.cut)

    def _taken(self, photo: QImage | None, file: NewFile | None, reason: str) -> None:
        if file is None:
            self._say(reason)
            return
        self.photo_hash, self.new_file = file.sha256, file
        self.avatar.set_photo(photo)
        self.remove.show()

    def _say(self, sentence: str) -> None:
        self.error.set_text(sentence)
        self.error.setVisible(bool(sentence))


def _picture_or_reason(path: str) -> tuple[QImage | None, str]:
    try:
        return picture_of_file(path), ""
    except BadFile as refused:
        return None, str(refused)


def _taken_or_reason(
    keeper: FileKeeper, picture: QImage, square: QRect, name: str
) -> tuple[QImage | None, NewFile | None, str]:
    try:
        photo = squared(picture, square)
        return photo, keeper.take_in(jpeg_of(photo), name, FilePurpose.PHOTO), ""
    except (BadFile, StoreError) as refused:
        return None, None, str(refused)
