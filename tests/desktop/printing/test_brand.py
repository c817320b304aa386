"""Prints bear the organization's own logo and color (product §10)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from desktop.printing.day_schedule import day_schedule_pdf
from shared_models.organization.brand import TEXT_CONTRAST, contrast_with_white
from shared_models.organization.models import Organization
from tests.desktop.printing.pdf_reading import texts
from tests.desktop.printing.small_center import SmallCenter


@pytest.fixture
def center() -> Iterator[SmallCenter]:
    center = SmallCenter()
    yield center
    engine = center.session.get_bind()
    center.session.close()
    engine.dispose()  # type: ignore[union-attr]


def organization(center: SmallCenter) -> Organization:
    return center.session.get_one(Organization, (center.organization_id, center.organization_id))


def logo() -> bytes:
    file = BytesIO()
    Image.new("RGBA", (120, 60), (200, 30, 60, 160)).save(file, "PNG")
    return file.getvalue()


def images(pdf: bytes) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        return len(list(document[0].get_objects(filter=[FPDF_PAGEOBJ_IMAGE])))


def test_a_print_has_the_logo_in_place_of_the_letters(center: SmallCenter) -> None:
    without = day_schedule_pdf(center.printed())
    organization(center).logo_png = base64.b64encode(logo()).decode()
    with_logo = day_schedule_pdf(center.printed())
    assert (images(without), images(with_logo)) == (0, 1)
    assert "HL" in texts(without)[0].split()
    assert "HL" not in texts(with_logo)[0].split()


@pytest.mark.parametrize("cut", [30, 60, 100])
def test_a_damaged_logo_does_not_keep_a_page_from_printing(center: SmallCenter, cut: int) -> None:
    organization(center).logo_png = base64.b64encode(logo()[:cut]).decode()
    day = center.printed()
    assert day.sheet.logo is None
    assert images(day_schedule_pdf(day)) == 0


def test_a_print_is_in_the_color_of_the_center_dark_enough_for_white_letters(center: SmallCenter) -> None:
    organization(center).brand_color = "#1f4e8c"
    assert center.printed().sheet.color == "#1f4e8c"
    organization(center).brand_color = "#ffd040"
    assert contrast_with_white(center.printed().sheet.color) >= TEXT_CONTRAST
