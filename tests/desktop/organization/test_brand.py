"""The logo and the color of a center: chosen in Settings, kept small, and taken back."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.organization.logo_file import BadPicture, logo_of_file
from desktop.organization.organization_section import OrganizationSection
from desktop.store.announcer import StoreAnnouncer
from shared_models.access.models import Role, UserRole
from shared_models.organization.brand import LOGO_BYTES, LOGO_SIDE, logo_bytes
from shared_models.organization.models import Organization
from tests.desktop.today.small_store import SmallStore


@pytest.fixture
def center(tmp_path: Path) -> Iterator[SmallStore]:
    center = SmallStore(tmp_path / "store")
    yield center
    center.store.close()


@pytest.fixture
def section(center: SmallStore, qtbot: QtBot, qapp: QApplication) -> Iterator[OrganizationSection]:
    theme.install(qapp, theme.Appearance.LIGHT)
    section = OrganizationSection(center.store, center.clock)
    qtbot.addWidget(section)
    announcer = StoreAnnouncer(center.store)
    announcer.changed.connect(lambda _: section.read())
    section.resize(900, 860)
    section.show()
    yield section
    section._background.close()
    announcer.stop()


def organization(center: SmallStore) -> Organization:
    with center.store.read() as session:
        return session.get_one(Organization, (center.organization_id, center.organization_id))


def picture(path: Path, width: int = 900, height: int = 600, color: str = "#c02040") -> Path:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    assert image.save(str(path))
    return path


def noise(path: Path, side: int = 400) -> Path:
    raw = random.Random(7).randbytes(side * side * 4)
    assert QImage(raw, side, side, QImage.Format.Format_ARGB32).save(str(path))
    return path


def test_a_chosen_logo_is_shown_stored_small_and_can_be_taken_back(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not section._logo.mark.has_logo()
    assert not section._logo.remove.isVisible()
    path = picture(tmp_path / "logo.jpg")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(section.done) as said:
        section._logo.choose.click()
    assert said.args == ["Changed the logo of your center", True]
    png = logo_bytes(organization(center).logo_png)
    assert png is not None
    stored = QImage.fromData(png)
    assert (stored.width(), stored.height()) == (256, 170)
    qtbot.waitUntil(section._logo.mark.has_logo)
    center.store.undo()
    assert organization(center).logo_png == ""
    qtbot.waitUntil(lambda: not section._logo.mark.has_logo())


def test_a_logo_is_removed_and_the_letters_come_back(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(section.done):
        section._logo.chosen.emit(str(picture(tmp_path / "logo.png")))
    qtbot.waitUntil(section._logo.remove.isVisible)
    section._logo.remove.click()
    assert organization(center).logo_png == ""
    qtbot.waitUntil(lambda: section._logo.mark.accessibleName() == "No logo; the letters HL")
    assert not section._logo.remove.isVisible()


def test_a_file_that_is_no_picture_is_called_out_beside_the_field_until_a_good_one_comes(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot, tmp_path: Path
) -> None:
    bad = tmp_path / "logo.png"
    bad.write_text("Dear parents,")
    section._logo.chosen.emit(str(bad))
    qtbot.waitUntil(lambda: section._logo_field.error() == "This is not a picture. Choose a PNG or JPEG file.")
    assert organization(center).logo_png == ""
    with qtbot.waitSignal(section.done):
        section._logo.chosen.emit(str(picture(tmp_path / "good.png")))
    assert section._logo_field.error() == ""


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_of_any_form_becomes_a_logo_within_the_limits(tmp_path: Path, ending: str) -> None:
    for path in (
        noise(tmp_path / f"noise.{ending}"),
        picture(tmp_path / f"wide.{ending}", 4000, 3),
        picture(tmp_path / f"tall.{ending}", 2, 3000),
        picture(tmp_path / f"dot.{ending}", 1, 1),
        picture(tmp_path / f"large.{ending}", 3000, 2600),
    ):
        png = logo_of_file(str(path))
        image = QImage.fromData(png)
        assert len(png) <= LOGO_BYTES
        assert 1 <= min(image.width(), image.height()) <= max(image.width(), image.height()) <= LOGO_SIDE
        assert logo_bytes(base64.b64encode(png).decode()) == png


def test_a_logo_keeps_what_is_transparent(tmp_path: Path) -> None:
    image = QImage(300, 300, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    assert image.save(str(tmp_path / "clear.png"))
    assert QImage.fromData(logo_of_file(str(tmp_path / "clear.png"))).pixelColor(5, 5).alpha() == 0


def test_a_damaged_or_missing_picture_is_refused(tmp_path: Path) -> None:
    damaged = noise(tmp_path / "damaged.png")
    damaged.write_bytes(damaged.read_bytes()[:60])
    for path in (damaged, tmp_path / "missing.png"):
        with pytest.raises(BadPicture, match=r"[Cc]hoose"):
            logo_of_file(str(path))


def test_a_color_is_taken_from_a_swatch_and_can_be_taken_back(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot
) -> None:
    assert [swatch.accessibleName() for swatch in section._color.swatches if "in use" in swatch.accessibleName()] == [
        "Green, in use"
    ]
    blue = section._color.swatches[2]
    with qtbot.waitSignal(section.done) as said:
        blue.click()
    assert said.args == ["Changed the color of your center", True]
    assert organization(center).brand_color == blue.color
    qtbot.waitUntil(lambda: blue.accessibleName() == "Blue, in use")
    center.store.undo()
    assert organization(center).brand_color == ""


def test_a_typed_color_is_stored_in_one_form_and_a_wrong_one_is_called_out(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot
) -> None:
    entry = section._color.entry
    qtbot.keyClicks(entry, "1F4E8C")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert organization(center).brand_color == entry.text() == "#1f4e8c"
    entry.setText("teal")
    entry.committed.emit()
    assert "#17614f" in section._color_field.error()
    assert organization(center).brand_color == "#1f4e8c"


def test_a_light_color_is_stored_as_wished_and_said_to_be_printed_darker(
    center: SmallStore, section: OrganizationSection, qtbot: QtBot
) -> None:
    section._color.picked.emit("#ffd040")
    words = section._color_field._message.text
    qtbot.waitUntil(lambda: words() == "Too light for white text; printed a little darker.")
    assert organization(center).brand_color == "#ffd040"
    section._color.picked.emit("#1f4e8c")
    qtbot.waitUntil(lambda: words() == "")


def test_who_may_not_change_the_organization_cannot_choose(center: SmallStore, qtbot: QtBot) -> None:
    center.add("", UserRole(user_id=center.me, role=Role.FRONT_DESK))
    center.store.set_local(user_id=center.me)
    section = OrganizationSection(center.store, center.clock)
    qtbot.addWidget(section)
    assert not section._logo.choose.isEnabled()
    assert not section._color.swatches[0].isEnabled()
    assert not section._color.entry.isEnabled()
