"""Reads pictures for the screen, with limits on what a file may make of memory, and writes them without metadata."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter

from shared_models.organization.files import BadFile, check_picture_size

FILE_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.gif)"
PHOTO_SIDE = 640
"""Pixels of a photo of a person, which is square."""
_FORMATS = frozenset({"png", "jpeg", "jpg", "webp", "gif"})
_QUALITY = 88
_ROUGH_SIDE = 1600


def picture_of_file(path: str) -> QImage:
    """A picture file, upright, with a side of at most 1600 pixels. Needs no window and may run on any thread.

    Raises BadFile when it is no picture, damaged, or too large.
    """
    return _read(QImageReader(path), _ROUGH_SIDE)


def picture_of(content: bytes, longest_side: int) -> QImage:
    """A picture's bytes, upright, with a side of at most so many pixels. Raises BadFile."""
    raw = QByteArray(content)
    buffer = QBuffer(raw)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    return _read(QImageReader(buffer), longest_side)


def squared(picture: QImage, place: QRect, side: int = PHOTO_SIDE) -> QImage:
    """The part of a picture at ``place``, a square inside it, with at most ``side`` pixels; no part is enlarged."""
    cut = picture.copy(place)
    smaller = min(side, cut.width())
    return cut.scaled(
        smaller, smaller, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def middle_square(size: QSize) -> QRect:
    """The largest square in the middle of a picture."""
    side = min(size.width(), size.height())
    return QRect((size.width() - side) // 2, (size.height() - side) // 2, side, side)


def jpeg_of(picture: QImage) -> bytes:
    """A JPEG file of the pixels alone: nothing of where and with what the photo was taken."""
    opaque = QImage(picture.size(), QImage.Format.Format_RGB32)
    opaque.fill(Qt.GlobalColor.white)
    painter = QPainter(opaque)
    painter.drawImage(0, 0, picture)
    painter.end()
    raw = QByteArray()
    buffer = QBuffer(raw)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    opaque.save(buffer, "JPEG", _QUALITY)  # type: ignore[call-overload]
    return bytes(raw.data())


def _read(reader: QImageReader, longest_side: int) -> QImage:
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    if bytes(reader.format().data()).decode("ascii", "replace").lower() not in _FORMATS:
        raise BadFile("This is not a picture. Choose a PNG, JPEG, WebP or GIF file.")
    size = reader.size()
    check_picture_size(size.width(), size.height())
    if max(size.width(), size.height()) > longest_side:
        # A JPEG is then decoded at this size, in a fraction of the time and the memory.
        reader.setScaledSize(size.scaled(QSize(longest_side, longest_side), Qt.AspectRatioMode.KeepAspectRatio))
    picture = reader.read()
    if picture.isNull():
        raise BadFile("This picture is damaged. Save it again or choose another.")
    return picture
