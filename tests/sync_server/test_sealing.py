"""Secrets at rest: sealed under the newest key, opened under any, and of no use elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.sealing import SealBroken, Sealing

OLD, NEW = "the old key, of thirty-two letters or more", "the new key, of thirty-two letters or more"


@given(secret=st.text(max_size=200), what=st.text(max_size=40))
def test_what_is_sealed_opens_and_shows_nothing(secret: str, what: str) -> None:
    sealing = Sealing((NEW,))
    kept = sealing.seal(secret, what)
    assert sealing.open(kept, what) == secret
    assert kept.startswith("sealed:") and (len(secret) < 4 or secret not in kept)
    assert kept != sealing.seal(secret, what), "two of the same look different"


def test_a_key_can_be_changed() -> None:
    kept = Sealing((OLD,)).seal("JBSWY3DP", "maya")
    both = Sealing((NEW, OLD))
    assert both.open(kept, "maya") == "JBSWY3DP"
    assert not both.is_current(kept)
    anew = both.seal(both.open(kept, "maya"), "maya")
    assert both.is_current(anew)
    assert Sealing((NEW,)).open(anew, "maya") == "JBSWY3DP"
    with pytest.raises(SealBroken, match="not among"):
        Sealing((NEW,)).open(kept, "maya")
    with pytest.raises(SealBroken, match="not among"):
        Sealing().open(kept, "maya")


def test_a_secret_moved_to_another_row_or_altered_does_not_open() -> None:
    sealing = Sealing((NEW,))
    kept = sealing.seal("JBSWY3DP", "maya")
    with pytest.raises(SealBroken, match="belongs elsewhere"):
        sealing.open(kept, "andre")
    last = "A" if kept[-5] != "A" else "B"
    with pytest.raises(SealBroken, match="altered"):
        sealing.open(kept[:-5] + last + kept[-4:], "maya")


def test_without_a_key_secrets_stay_as_they_are_and_are_sealed_later() -> None:
    kept = Sealing().seal("JBSWY3DP", "maya")
    assert kept == "JBSWY3DP" and Sealing().is_current(kept)
    later = Sealing((NEW,))
    assert later.open(kept, "maya") == "JBSWY3DP" and not later.is_current(kept)
