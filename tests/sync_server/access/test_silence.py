"""What the server writes down about accounts names nobody: no address, no name, no password, no key of a link."""

from __future__ import annotations

import httpx
import pytest

from shared_models.access.models import Role
from shared_models.base import new_id
from tests.sync_server.access.conftest import AccountServer, Inbox, unused_address, unused_email, wish
from tests.sync_server.access.test_invitations import CenterWithOwner


def test_the_log_names_nobody(
    server: AccountServer, inbox: Inbox, visitor: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    form = wish(business_name="Quillfeather Academy", first_name="Zenobia", last_name="Quillfeather")
    visitor.post("/account/sign-up", data=form)
    key = inbox.key_for(form["email"])
    visitor.get("/account/confirm", params={"key": key})
    visitor.post("/account/confirm", data={"key": key})
    visitor.post("/account/confirm", data={"key": key})
    session = visitor.cookies["itutoros_session"]
    visitor.post("/account/sign-in", data={"email": form["email"], "password": "a wrong password of hers"})
    body = {
        "email": form["email"],
        "password": form["password"],
        "device_id": new_id(),
        "device_name": "Zenobia’s PC",
    }
    token = visitor.post("/api/v1/sign-in", json=body).json()["token"]
    visitor.post("/account/reset", data={"email": form["email"]})
    reset_key = inbox.key_for(form["email"], 2)
    visitor.get("/account/password", params={"key": reset_key})
    center = CenterWithOwner(server)
    invited = unused_email("hester")
    center.owner.invite(invited, Role.TUTOR, first_name="Hester")
    with server.client(unused_address()) as other:
        other.get("/account/invitation", params={"key": inbox.key_for(invited)})
    written = "".join(capfd.readouterr())
    assert "/account/confirm" in written, "requests are logged by their route"
    private = (
        form["email"], "zenobia", "quillfeather", form["password"], "a wrong password of hers", key, session, token,
        reset_key, invited, "hester", inbox.key_for(invited), "203.0.113", visitor.headers["X-Forwarded-For"],
    )  # fmt: skip
    assert [words for words in private if words.lower() in written.lower()] == []
