"""What color and logo a paper bears: always one that can be read and printed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.organization.brand import (
    DEFAULT_COLOR,
    LOGO_BYTES,
    TEXT_CONTRAST,
    contrast_with_white,
    logo_bytes,
    mark_letters,
    parse_color,
    printable_color,
    stored_logo,
)


def png(width: int, height: int, size: int = 40) -> bytes:
    head = (
        b"\x89PNG\r\n\x1a\n"
        + (13).to_bytes(4, "big")
        + b"IHDR"
        + width.to_bytes(4, "big")
        + height.to_bytes(4, "big")
    )
    return head.ljust(size, b"\0")


@pytest.mark.parametrize(
    ("typed", "color"),
    [
        ("#17614F", "#17614f"),
        ("1f4e8c", "#1f4e8c"),
        (" #abc ", "#aabbcc"),
        ("teal", None),
        ("#12345", None),
        ("", None),
    ],
)
def test_a_color_is_read_in_the_forms_that_people_type(typed: str, color: str | None) -> None:
    assert parse_color(typed) == color


def test_contrast_is_that_of_wcag() -> None:
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#ffffff") == pytest.approx(1)
    assert contrast_with_white("#767676") == pytest.approx(4.54, abs=0.01)


@given(st.integers(0, 0xFFFFFF))
def test_white_text_can_be_read_on_every_printed_color(number: int) -> None:
    color = f"#{number:06x}"
    printed = printable_color(color)
    assert contrast_with_white(printed) >= TEXT_CONTRAST
    assert printed == color or contrast_with_white(color) < TEXT_CONTRAST


@pytest.mark.parametrize("stored", ["", "red", "#12", "javascript:"])
def test_without_a_usable_color_the_default_is_printed(stored: str) -> None:
    assert printable_color(stored) == DEFAULT_COLOR.lower()


def test_a_logo_comes_back_as_it_was_stored() -> None:
    assert logo_bytes(stored_logo(png(256, 1))) == png(256, 1)


@pytest.mark.parametrize(
    "file", [b"", b"GIF89a", png(257, 10), png(10, 257), png(0, 10), png(9, 9, LOGO_BYTES + 1), png(9, 9)[:20]]
)
def test_what_is_no_small_png_is_neither_stored_nor_printed(file: bytes) -> None:
    with pytest.raises(ValueError, match="logo"):
        stored_logo(file)
    assert logo_bytes(base64.b64encode(file).decode()) is None


def test_text_that_is_no_base64_is_no_logo() -> None:
    assert logo_bytes("é!") is None
    assert logo_bytes("abc") is None


def test_the_letters_are_those_of_the_first_two_words() -> None:
    assert [mark_letters(name) for name in ("Hudson Learning Center", "ada", " ")] == ["HL", "A", ""]
