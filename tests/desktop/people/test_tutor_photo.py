"""A tutor's photo: chosen, cut, saved encrypted, seen in list and panel, removed and undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from sqlalchemy import select

from desktop import theme
from desktop.files.keeper import FileKeeper
from desktop.files.pictures import PHOTO_SIDE, picture_of, picture_of_file
from desktop.people.photo_sheet import PhotoCut
from desktop.people.tutors_page import TutorsPage
from desktop.store.store import Store
from shared_models.access.models import Role, UserRole
from shared_models.organization.files import BadFile, FilePurpose, StoredFile
from shared_models.people.models import Tutor
from tests.desktop.printing.small_center import NOW, SmallCenter
from tests.pictures import bomb, photo_with_place, picture


@pytest.fixture
def store(tmp_path, qapp):
    theme.install(qapp, theme.Appearance.LIGHT)
    store = Store(tmp_path / "store", use_keyring=False)
    with store.write() as session:
        center = SmallCenter(session)
        center.tutor("Jakub", "Johnson")
        center.tutor("Grace", "Silva", 2)
        session.add(UserRole(organization_id=center.organization_id, user_id=center.maya.id, role=Role.OWNER))
    store.set_local(organization_id=center.organization_id, user_id=center.maya.id)
    yield store
    store.close()


@pytest.fixture
def page(store, qtbot):
    window = QWidget()
    window.resize(1300, 800)
    page = TutorsPage(store, lambda: NOW, window)
    page.resize(1300, 800)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    yield page
    page.shut_down()


def two_colored(path: Path) -> str:
    """A wide picture: blue at the left, a square of orange at the right."""
    image = QImage(1200, 800, QImage.Format.Format_RGB32)
    image.fill(QColor("#1f4e8c"))
    painter = QPainter(image)
    painter.fillRect(QRect(400, 0, 800, 800), QColor("#d07020"))
    painter.end()
    image.save(str(path), "PNG")
    return str(path)


def tutor_of(store: Store, name: str = "Jakub Johnson") -> Tutor:
    with store.read() as session:
        return session.scalars(select(Tutor).order_by(Tutor.priority)).all()[0 if name.startswith("Jakub") else 1]


def files_of(store: Store) -> list[StoredFile]:
    with store.read() as session:
        return list(session.scalars(select(StoredFile)))


def choose(page: TutorsPage, qtbot, path: str, *, right: bool = True) -> None:
    """Choose a file in the open form, cut it at the right end, and take it."""
    photo = page._form.photo
    photo.sheet = None
    photo.open_file(path)
    qtbot.waitUntil(lambda: photo.sheet is not None)
    if right:
        photo.sheet.cut.move_by(5000, 0)
    qtbot.keyClick(photo.sheet.cut, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: photo.new_file is not None and page._form.save_button.isEnabled())


def test_a_photo_is_cut_saved_and_seen_in_list_and_panel(page, store, qtbot, tmp_path):
    page.edit(tutor_of(store).id)
    choose(page, qtbot, two_colored(tmp_path / "jakub.png"))
    page._form.save()
    saved = tutor_of(store)
    [row] = files_of(store)
    assert saved.photo_hash == row.sha256
    assert (row.purpose, row.media_type, row.archived_at) == (FilePurpose.PHOTO, "image/jpeg", None)
    content = FileKeeper(store).read(row.sha256)
    kept = picture_of(content, 5000)
    assert (kept.width(), kept.height()) == (PHOTO_SIDE, PHOTO_SIDE)
    assert QColor(kept.pixel(20, 320)).red() > 180
    qtbot.waitUntil(lambda: page._photos.photo(row.sha256) is not None)
    # The photo's orange shows in the circle of the list's row, and in the panel.
    table = page.table.viewport().grab().toImage()
    inks = [QColor(table.pixel(x, y)) for x in range(60) for y in range(80)]
    assert any(ink.red() > 190 and ink.blue() < 90 for ink in inks)
    shown = page._panel._avatar.grab().toImage()
    assert QColor(shown.pixel(shown.width() // 2, shown.height() // 2)).red() > 180


def test_removing_a_photo_puts_its_file_away_and_undo_brings_both_back(page, store, qtbot, tmp_path):
    page.edit(tutor_of(store).id)
    choose(page, qtbot, two_colored(tmp_path / "jakub.png"))
    page._form.save()
    name = tutor_of(store).photo_hash
    page.edit(tutor_of(store).id)
    page._form.photo.clear()
    page._form.save()
    assert tutor_of(store).photo_hash == ""
    assert files_of(store)[0].archived_at is not None
    store.undo()
    assert tutor_of(store).photo_hash == name
    assert files_of(store)[0].archived_at is None


def test_a_file_that_another_tutor_shows_stays(page, store, qtbot, tmp_path):
    path = two_colored(tmp_path / "both.png")
    for name in ("Jakub Johnson", "Grace Silva"):
        page.edit(tutor_of(store, name).id)
        choose(page, qtbot, path)
        page._form.save()
    assert len(files_of(store)) == 1
    page.edit(tutor_of(store).id)
    page._form.photo.clear()
    page._form.save()
    assert files_of(store)[0].archived_at is None


def test_leaving_the_form_saves_no_file(page, store, qtbot, tmp_path):
    page.edit(tutor_of(store).id)
    choose(page, qtbot, two_colored(tmp_path / "jakub.png"))
    page._leave_form()
    assert files_of(store) == []
    assert tutor_of(store).photo_hash == ""


def test_a_new_tutor_can_have_a_photo_at_once(page, store, qtbot, tmp_path):
    page.edit(None)
    form = page._form
    form.first_name_field.input.setText("Zoé")
    choose(page, qtbot, two_colored(tmp_path / "zoe.png"))
    form.save()
    with store.read() as session:
        assert sorted(bool(one) for one in session.scalars(select(Tutor.photo_hash))) == [False, False, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture", "not a picture"), (bomb(), "too many pixels"), (picture()[:60], "damaged")],
    ids=["text", "bomb", "cut off"],
)
def test_a_file_that_is_no_photo_is_refused_in_a_sentence(page, store, qtbot, tmp_path, content, words):
    (tmp_path / "chosen.png").write_bytes(content)
    page.edit(tutor_of(store).id)
    photo = page._form.photo
    photo.open_file(str(tmp_path / "chosen.png"))
    qtbot.waitUntil(photo.error.isVisible)
    assert words in photo.error.text()
    assert photo.sheet is None


def test_a_photo_is_upright_and_says_nothing_of_where_it_was_taken(page, store, qtbot, tmp_path):
    (tmp_path / "phone.jpg").write_bytes(photo_with_place())
    assert picture_of_file(str(tmp_path / "phone.jpg")).size().toTuple() == (200, 300)
    page.edit(tutor_of(store).id)
    choose(page, qtbot, str(tmp_path / "phone.jpg"))
    content = FileKeeper(store).read(page._form.photo.new_file.sha256)
    assert b"Exif" not in content
    assert b"Hudson" not in content


@pytest.fixture
def cut(qtbot, qapp):
    theme.install(qapp, theme.Appearance.LIGHT)
    image = QImage(1000, 600, QImage.Format.Format_RGB32)
    image.fill(QColor("#888888"))
    cut = PhotoCut(image)
    qtbot.addWidget(cut)
    cut.resize(cut.sizeHint())
    with qtbot.waitExposed(cut):
        cut.show()
    return cut


def test_the_square_stays_inside_the_picture_wherever_it_is_moved(cut, qtbot):
    assert cut.square() == QRect(200, 0, 600, 600)
    cut.move_by(-9000, -9000)
    assert cut.square() == QRect(0, 0, 600, 600)
    cut.zoom(2)
    cut.move_by(9000, 9000)
    assert cut.square() == QRect(700, 300, 300, 300)
    cut.zoom(0.001)
    assert cut.square().size().toTuple() == (600, 600)
    for _ in range(40):
        qtbot.keyClicks(cut, "+")
    assert cut.square().size().toTuple() == (100, 100)


def test_dragging_and_arrows_move_the_picture(cut, qtbot):
    middle = cut.rect().center()
    qtbot.mousePress(cut, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(cut, middle - QPoint(40, 0))
    qtbot.mouseRelease(cut, Qt.MouseButton.LeftButton, pos=middle - QPoint(40, 0))
    dragged = cut.square().x()
    assert dragged > 200
    qtbot.keyClick(cut, Qt.Key.Key_Left)
    assert cut.square().x() == dragged - 30


def test_something_that_only_looks_like_a_picture_is_none():
    with pytest.raises(BadFile):
        picture_of(b"\x89PNG\r\n\x1a\n nothing", 100)
