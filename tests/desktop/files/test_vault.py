"""Files on this PC give nothing away, notice every change, and arrive piece by piece across restarts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from desktop.files.keeper import FileKeeper
from desktop.files.vault import CHUNK_BYTES, FileVault, vault_of
from desktop.store.errors import StoreUnwritable
from desktop.store.store import Store
from shared_models.organization.files import BadFile, FilePurpose, sha256_of
from tests.pictures import photo_with_place

KEY = "ab" * 32
SIZES = (1, 100, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17)


def content_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def the_file(folder: Path) -> Path:
    [found] = [path for path in folder.glob("*/*") if path.is_file()]
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    vault = FileVault(tmp_path, KEY)
    sha256 = vault.write(content_of(size))
    assert FileVault(tmp_path, KEY).read(sha256) == content_of(size)


def test_the_disk_shows_neither_content_nor_name_nor_hash(tmp_path: Path) -> None:
    photo = photo_with_place()
    sha256 = FileVault(tmp_path, KEY).write(photo)
    place = the_file(tmp_path)
    on_disk = place.read_bytes()
    assert sha256 not in str(place)
    assert all(photo[at : at + 16] not in on_disk for at in range(0, len(photo) - 16, 16))
    assert FileVault(tmp_path, "cd" * 32).read(sha256) is None


@pytest.mark.parametrize("damage", ["bit", "cut", "last chunk gone", "chunks swapped", "empty"])
def test_a_damaged_file_is_noticed_and_forgotten(tmp_path: Path, damage: str) -> None:
    vault = FileVault(tmp_path, KEY)
    sha256 = vault.write(content_of(3 * CHUNK_BYTES + 5))
    place = the_file(tmp_path)
    sealed = bytearray(place.read_bytes())
    step, head = CHUNK_BYTES + 16, 20
    match damage:
        case "bit":
            sealed[head + step + 3] ^= 1
        case "cut":
            del sealed[-3:]
        case "last chunk gone":
            del sealed[head + 3 * step :]
        case "chunks swapped":
            first, second = sealed[head : head + step], sealed[head + step : head + 2 * step]
            sealed[head : head + 2 * step] = second + first
        case _:
            sealed.clear()
    place.write_bytes(sealed)
    assert vault.read(sha256) is None
    assert not vault.has(sha256)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [70_000, CHUNK_BYTES, 10 * CHUNK_BYTES])
def test_a_fetched_file_goes_on_after_each_interruption(tmp_path: Path, size: int, piece: int) -> None:
    content = content_of(size)
    sha256 = sha256_of(content)
    tries = 0
    while True:
        tries += 1
        arrival = FileVault(tmp_path, KEY).arriving(sha256, size)
        start = arrival.received
        # Each run is cut off after half a megabyte, as by a kill: nothing is said to the vault.
        for at in range(start, min(size, start + 2 * CHUNK_BYTES + 1), piece):
            arrival.add(content[at : min(at + piece, size)])
        if arrival.received == size:
            assert arrival.finish()
            break
        assert tries < 10
    assert FileVault(tmp_path, KEY).read(sha256) == content


def test_a_file_that_arrives_otherwise_than_named_is_not_kept(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, KEY)
    arrival = vault.arriving(sha256_of(b"hello"), 5)
    arrival.add(b"hullo")
    assert not arrival.finish()
    assert not vault.has(sha256_of(b"hello"))
    assert vault.arriving(sha256_of(b"hello"), 5).received == 0


def test_what_no_row_tells_of_is_swept_away_but_not_what_was_just_taken_in(tmp_path: Path) -> None:
    earlier = FileVault(tmp_path, KEY)
    known, orphan = earlier.write(b"known"), earlier.write(b"orphan")
    earlier.arriving(sha256_of(b"half"), 4 * CHUNK_BYTES).add(content_of(2 * CHUNK_BYTES + 1))
    (the_file_of(tmp_path, known)).with_suffix(".1-2.new").write_bytes(b"left behind")
    vault = FileVault(tmp_path, KEY)
    fresh = vault.write(b"fresh")
    vault.sweep([known])
    assert [vault.has(name) for name in (known, orphan, fresh)] == [True, False, True]
    assert len([path for path in tmp_path.glob("*/*") if path.is_file()]) == 2
    vault.sweep([known, fresh])
    vault.sweep([known])
    assert not vault.has(fresh)


def the_file_of(folder: Path, sha256: str) -> Path:
    return FileVault(folder, KEY)._place(sha256)


def test_a_store_has_one_vault_and_its_key(tmp_path: Path) -> None:
    store = Store(tmp_path / "desk", use_keyring=False)
    keeper = FileKeeper(store)
    taken = keeper.take_in(b"words", "note.txt", FilePurpose.DOCUMENT)
    assert vault_of(store) is vault_of(store)
    store.close()
    again = Store(tmp_path / "desk", use_keyring=False)
    assert FileKeeper(again).read(taken.sha256) == b"words"
    again.close()


def test_what_may_not_be_kept_is_refused_at_the_desk(tmp_path: Path) -> None:
    store = Store(tmp_path / "desk", use_keyring=False)
    keeper = FileKeeper(store)
    with pytest.raises(BadFile, match="is a picture"):
        keeper.take_in(b"words", "note.txt", FilePurpose.PHOTO)
    with pytest.raises(BadFile, match="cannot be read"):
        keeper.take_in_path(tmp_path / "nothing.png", FilePurpose.PHOTO)
    big = tmp_path / "big.png"
    big.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(9 * 1024 * 1024))
    with pytest.raises(BadFile, match="at most 8 MB"):
        keeper.take_in_path(big, FilePurpose.PHOTO)
    store.close()


def test_a_disk_that_refuses_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("not a folder")
    with pytest.raises(StoreUnwritable, match="folder of the files"):
        FileVault(tmp_path / "files", KEY).write(b"x")
