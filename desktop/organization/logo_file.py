"""Makes a logo of a picture file: turned upright, scaled down and encoded until it is as small as a logo may be."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from shared_models.organization.brand import LOGO_BYTES, LOGO_SIDE

FILE_FILTER = "Pictures (*.png *.jpg *.jpeg)"
_SIDES = (LOGO_SIDE, 224, 192, 160, 128, 112, 96)
"""Tried in this order until the file is small enough; 96 × 96 pixels of pure noise are 37 KB."""
_MOST_PIXELS = 40_000_000


class BadPicture(ValueError):
    """A file of which no logo can be made; carries the sentence that says what to do."""


def logo_of_file(path: str) -> bytes:
    """The PNG file of a logo, within the limits of `organization.brand`. Needs no window, so that it can run off the
    UI thread.

    Raises BadPicture when the file is no PNG or JPEG, cannot be read, or is too large to be opened.
    """
    reader = QImageReader(path)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    if bytes(reader.format().data()).lower() not in (b"png", b"jpeg", b"jpg"):
        raise BadPicture("This is not a picture. Choose a PNG or JPEG file.")
    size = reader.size()
    if size.width() * size.height() > _MOST_PIXELS:
        raise BadPicture("This picture is too large. Choose one of at most 40 megapixels.")
    if max(size.width(), size.height()) > 8 * LOGO_SIDE:
        # A JPEG is then decoded at this size, in a fraction of the time and the memory.
        rough = QSize(4 * LOGO_SIDE, 4 * LOGO_SIDE)
        reader.setScaledSize(size.scaled(rough, Qt.AspectRatioMode.KeepAspectRatio))
    picture = reader.read()
    if picture.isNull():
        raise BadPicture("This picture is damaged. Save it again as PNG or choose another.")
    for side in _SIDES:
        png = _png(_fitted(picture, side))
        if len(png) <= LOGO_BYTES:
            return png
    raise BadPicture("This picture has too much detail for a logo. Choose a simpler one.")


def logo_or_reason(path: str) -> tuple[bytes, str]:
    """The logo of a file and "", or no bytes and the sentence that says why there is none."""
    try:
        return logo_of_file(path), ""
    except BadPicture as error:
        return b"", str(error)


def _fitted(picture: QImage, side: int) -> QImage:
    if max(picture.width(), picture.height()) <= side:
        return picture
    # However long and thin, no side becomes nothing.
    size = picture.size().scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
    return picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)


def _png(picture: QImage) -> bytes:
    for key in picture.textKeys():
        picture.setText(key, "")
    depth = QImage.Format.Format_ARGB32 if picture.hasAlphaChannel() else QImage.Format.Format_RGB32
    raw = QByteArray()
    buffer = QBuffer(raw)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.convertToFormat(depth).save(buffer, "PNG", 0)  # type: ignore[call-overload]
    return bytes(raw.data())
