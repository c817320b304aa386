"""What the address of a center's website may look like (product §6); whether it is free, only the server knows."""

from __future__ import annotations

import re

_FORM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = frozenset(
    """
    about account admin api app assets book docs favicon.ico health help login mail metrics ready robots.txt
    sign-in signup sitemap.xml static status support sync www
    """.split()  # noqa: SIM905 - a list of words reads better as words
)


def address_problem(slug: str) -> str:
    """Why no website can live under this slug, in a sentence; empty when one can."""
    if not _FORM.fullmatch(slug):
        return "Use 1 to 63 letters a–z, digits and hyphens for the website address."
    if slug in _RESERVED:
        return f"The website address “{slug}” is reserved. Choose another."
    return ""
