"""Subjects and topics as choices of a field: by their short names, found by the full ones too."""

from __future__ import annotations

from desktop.leads.lead_rows import LeadChoices
from desktop.schedule.entry_words import title_words
from desktop.widgets.combo import Option


def wish_options(choices: LeadChoices) -> list[Option]:
    """What a family may want help with, subjects first, topics with their subject as the second text."""
    return [Option(key, title_words(words)[0], second, find_by=words) for key, words, second in choices.wishes]
