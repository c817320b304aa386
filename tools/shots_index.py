"""index.html: every picture beside its siblings, one row per screen."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

_STYLE = """
body { margin: 24px; font: 13px/20px Inter, sans-serif; color: #18201D; background: #F3F4F0 }
h1 { font-size: 20px } h2 { font-size: 15px; margin: 32px 0 8px }
.row { display: flex; gap: 12px; overflow-x: auto; padding-bottom: 8px }
figure { margin: 0; flex: none } figcaption { color: #465049; font-size: 12px }
img { display: block; width: 460px; border: 1px solid #DDE0D9; border-radius: 6px; background: #fff }
nav a { margin-right: 12px; color: #17614F } li { color: #A31D17 }
"""


def write_index(folder: Path, pictures: Sequence[str], problems: Sequence[str]) -> None:
    """Write the page for pictures named `<screen>-<theme>-<size>.png`, with what went wrong on top."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for name in pictures:
        screen, rest = _parts(name)
        rows.setdefault(screen, []).append((name, rest))
    links = " ".join(f'<a href="#{screen}">{_words(screen)}</a>' for screen in rows)
    wrong = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    body = "".join(_row(screen, shown) for screen, shown in rows.items())
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Screens of iTutorOS</title>'
        f"<style>{_STYLE}</style><h1>Screens of iTutorOS</h1><ul>{wrong}</ul><nav>{links}</nav>{body}</html>\n",
        "utf-8",
    )


def _row(screen: str, shown: Sequence[tuple[str, str]]) -> str:
    figures = "".join(
        f'<figure><a href="{name}"><img loading="lazy" src="{name}" alt="{_words(screen)}, {rest}"></a>'
        f"<figcaption>{rest}</figcaption></figure>"
        for name, rest in shown
    )
    return f'<h2 id="{screen}">{_words(screen)}</h2><div class="row">{figures}</div>'


def _parts(name: str) -> tuple[str, str]:
    for theme in ("-light-", "-dark-"):
        screen, found, rest = name.removesuffix(".png").partition(theme)
        if found:
            return screen, f"{theme.strip('-')}, {rest.replace('-at-', ' at ')}"
    return name.removesuffix(".png"), ""


def _words(screen: str) -> str:
    return escape(screen.replace("-", " ").capitalize())
