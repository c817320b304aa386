"""What a file is follows from its bytes, and what may be kept from that and its purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_models.base import new_id
from shared_models.organization.files import (
    BadFile,
    FilePurpose,
    MediaType,
    check_content,
    check_picture_size,
    file_id,
    is_sha256,
    media_type_of,
    sha256_of,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", MediaType.PNG),
        (b"\xff\xd8\xff\xe0....", MediaType.JPEG),
        (b"RIFF\x10\0\0\0WEBPVP8 ", MediaType.WEBP),
        (b"GIF89a....", MediaType.GIF),
        (b"%PDF-1.7\n...\n%%EOF\n", MediaType.PDF),
        ("Zoé reads 〇 books\r\n\tweekly".encode(), MediaType.TEXT),
    ],
)
def test_a_file_is_known_by_its_bytes(content: bytes, kind: MediaType) -> None:
    assert media_type_of(content) is kind


@pytest.mark.parametrize(
    "content",
    [
        SVG,
        b"\xef\xbb\xbf  \n<!DOCTYPE html><p>hello",
        b"<?xml version='1.0'?><svg/>",
        b"<!-- --><svg/>",
        b"MZ\x90\0\x03\0",
        b"PK\x03\x04....",
        b"%PDF-1.7 cut off",
        b"latin-1: caf\xe9",
        b"bell \x07",
    ],
)
def test_what_a_browser_could_run_and_what_is_unknown_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        media_type_of(content)


def test_a_photo_is_a_picture_and_a_document_may_be_anything_known() -> None:
    with pytest.raises(BadFile, match="picture"):
        check_content(FilePurpose.PHOTO, b"plain words")
    assert check_content(FilePurpose.DOCUMENT, b"plain words") is MediaType.TEXT


@pytest.mark.parametrize(("purpose", "megabytes"), [("LOGO", 2), ("PHOTO", 8), ("DOCUMENT", 20)])
def test_each_purpose_has_its_largest_size(purpose: str, megabytes: int) -> None:
    most = megabytes * 1024 * 1024
    fits = b"\xff\xd8\xff" + b"\0" * (most - 3)
    assert check_content(FilePurpose(purpose), fits) is MediaType.JPEG
    with pytest.raises(BadFile, match=f"at most {megabytes} MB"):
        check_content(FilePurpose(purpose), fits + b"\0")
    with pytest.raises(BadFile, match="empty"):
        check_content(FilePurpose(purpose), b"")


@pytest.mark.parametrize("size", [(0, 5), (40_000, 2), (7000, 7000)])
def test_too_many_pixels_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadFile):
        check_picture_size(*size)
    check_picture_size(8000, 5000)


def test_the_same_file_has_one_id_in_a_center_and_another_elsewhere() -> None:
    first, second, name = new_id(), new_id(), sha256_of(b"x")
    assert file_id(first, name) == file_id(first, name) != file_id(second, name)


@given(st.binary(max_size=200))
def test_every_content_has_a_name_and_a_type_or_a_sentence(content: bytes) -> None:
    assert is_sha256(sha256_of(content))
    try:
        assert media_type_of(content) in MediaType
    except BadFile as refused:
        assert str(refused).endswith(".")
