"""The parts every screen is built of, all painted from the theme. README.md in this folder lists them."""

from desktop.widgets.actions import allow, make_action
from desktop.widgets.buttons import Button, IconButton, KeyCap, Kind, key_words
from desktop.widgets.choices import CheckBox, FilterChip, Menu, RadioButton, Segmented, Toggle, ToggleGroup
from desktop.widgets.combo import ComboBox, Option, TokenField
from desktop.widgets.dates import DateInput, MonthView, TimeInput
from desktop.widgets.fields import Field, MoneyInput, NumberInput, SearchField, TextArea, TextInput
from desktop.widgets.flow import FlowLayout
from desktop.widgets.labels import Avatar, Glyph, Label, Note, Paragraph, Tag, Temperature, Tone, initials
from desktop.widgets.panels import (
    Card,
    EmptyState,
    Line,
    ScrollArea,
    Sheet,
    SidePanel,
    Toast,
    action_row,
    save_and_cancel,
)
from desktop.widgets.table import Cell, Column, Group, RowModel, TableView

__all__ = [
    "Avatar", "Button", "Card", "Cell", "CheckBox", "Column", "ComboBox", "DateInput", "EmptyState", "Field",
    "FilterChip", "FlowLayout", "Glyph", "Group", "IconButton", "KeyCap", "Kind", "Label", "Line", "Menu",
    "MoneyInput", "MonthView", "Note", "NumberInput", "Option", "Paragraph", "RadioButton", "RowModel", "ScrollArea",
    "SearchField", "Segmented", "Sheet", "SidePanel", "TableView", "Tag", "Temperature", "TextArea", "TextInput",
    "TimeInput", "Toast", "Toggle", "ToggleGroup", "TokenField", "Tone", "action_row", "allow", "initials",
    "key_words", "make_action", "save_and_cancel",
]  # fmt: skip
