"""Puts account pages into HTML: no scripts, all texts escaped, all styles in the page itself, and a content security
policy that allows nothing else. Nothing is kept in caches, and no other site learns an address with a link's key."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from resources import path
from sync_server.access.forms import Form
from sync_server.website.pages import ASSET_PREFIX, fonts

LABELS: Mapping[str, str] = {
    "business_name": "Business name", "slug": "Website address", "time_zone": "Time zone", "country": "Country",
    "currency": "Currency", "first_name": "First name", "last_name": "Last name", "email": "E-mail",
    "password": "Password", "current": "Your password until now", "code": "Code",
}  # fmt: skip
_PROMISES = (
    ("calendar-days", "One calendar for every office", "Double bookings are marked before you save them."),
    ("cloud-off", "Works without internet", "What you enter is saved at once and sent when the line is back."),
    ("lock", "Children’s data stays safe", "Encrypted on each PC; only people of your center can open it."),
)


def page(
    template: str,
    *,
    status: int = 200,
    form: Form | None = None,
    headers: Mapping[str, str] | None = None,
    form_goes_on_to: str = "",
    **context: Any,
) -> Response:
    """A page of resources/account/templates as a response. `form_goes_on_to` is where else its form may lead."""
    style = _style()
    body = (
        _environment()
        .get_template(f"{template}.html")
        .render(
            style=Markup(style),
            logo=Markup(_icon("itutoros")),
            icon="data:image/svg+xml," + quote(_tile(), safe="/:=' "),
            fonts={subset: ASSET_PREFIX + name for subset, (name, _) in fonts().items()},
            promises=[(Markup(_icon(name)), words, more) for name, words, more in _PROMISES],
            labels=LABELS,
            form=form or Form(),
            **context,
        )
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    targets = f"'self' {form_goes_on_to}".strip()
    own = {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; font-src 'self'; "
        f"img-src 'self' data:; form-action {targets}; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return Response(body, status, {**own, **(headers or {})}, "text/html; charset=utf-8")


def message(
    heading: str,
    *paragraphs: str,
    status: int = 200,
    button: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page of a heading and a few sentences."""
    shown: Sequence[str] = paragraphs
    return page("message", status=status, headers=headers, heading=heading, paragraphs=shown, button=button)


@lru_cache(maxsize=1)
def _style() -> str:
    """The style sheet with its fonts, without comments and needless space."""
    text = re.sub(r"/\*.*?\*/", "", path("account/account.css").read_text("utf-8"), flags=re.DOTALL)
    sheet = re.sub(r"\s+", " ", re.sub(r"\s*\n\s*", "", text)).replace(" { ", "{").replace("; }", "}").strip()
    name, _ = fonts()["latin"]
    face = (
        f'@font-face{{font-family:"Hanken Grotesk";src:url({ASSET_PREFIX}{name}) format("woff2");'
        "font-weight:100 900;font-display:swap;unicode-range:U+0000-00FF,U+2000-206F,U+20AC}"
    )
    return face + sheet


@lru_cache(maxsize=8)
def _icon(name: str) -> str:
    text = re.sub(r"<!--.*?-->", "", path(f"icons/{name}.svg").read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", text).strip().replace("<svg", '<svg aria-hidden="true"', 1)


@lru_cache(maxsize=1)
def _tile() -> str:
    return re.sub(r"\s+", " ", path("icons/itutoros-app.svg").read_text("utf-8")).strip()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(path("account/templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
