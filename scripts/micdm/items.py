"""The values of one item of a tree: text, UIDs, codes and numbers, cleaned and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

from micdm.attributes import CODE_MEANING, CODE_SCHEME, CODE_TAGS
from micdm.tree import Item
from micdm.values import (
    INT32,
    KNOWN_VRS,
    Value,
    charset_of,
    decode_text,
    is_valid_uid,
    parse_values,
)

MAX_TEXT = 4_000
UID_CHARACTERS = re.compile(r"[0-9.]{1,64}", re.ASCII)


class Code(NamedTuple):
    """A coded entry (PS3.3 section 8.8), as the file has it."""

    scheme: str | None = None
    code: str | None = None
    meaning: str | None = None


@dataclass(slots=True)
class Reader:
    """Reads values of the items of one object; what it had to mend is added to `flags`."""

    little: bool
    flags: set[str]
    codes: dict[tuple[bytes, ...], Code] = field(default_factory=dict)

    def decode(self, item: Item, tag: int, charset: bytes) -> str:
        """Return the whole text of an element, decoded."""
        raw = item.values.get(tag)
        if raw is None:
            return ""
        own = charset if item.charset is None else item.charset
        return decode_text(raw.value, vr_of(tag), charset_of(own), self.flags)

    def text(self, item: Item, tag: int, charset: bytes) -> str | None:
        """Return a text, None when it is empty."""
        text = self.decode(item, tag, charset).strip()
        if len(text) > MAX_TEXT:
            self.flags.add("too_long")
            text = text[:MAX_TEXT]
        return text or None

    def term(self, item: Item, tag: int) -> str | None:
        """Return a defined term, in upper case."""
        text = self.text(item, tag, b"")
        return text.upper() if text else None

    def uid(self, item: Item, tag: int) -> str | None:
        """Return a UID. One against the rules is kept as it is if it has a UID's characters."""
        text = self.decode(item, tag, b"").strip()
        if not text:
            return None
        if not is_valid_uid(text):
            self.flags.add("invalid_uid")
            if not UID_CHARACTERS.fullmatch(text):
                return None
        return text

    def numbers(self, item: Item, tag: int) -> Iterator[Value]:
        """Yield the numbers of an element, or the reason why one can't be used."""
        raw = item.values.get(tag)
        if raw is not None:
            vr = raw.vr if raw.vr in KNOWN_VRS and raw.vr not in ("UN", "SQ", "OB") else vr_of(tag)
            parsed = parse_values(
                raw.value, vr, charset_of(b""), self.little, self.flags, numeric=True
            )
            for _, value in parsed:
                yield value

    def integers(self, item: Item, tag: int) -> list[int]:
        """Return the whole numbers of an element, of 32 bits."""
        found = (value.number for value in self.numbers(item, tag))
        return [int(n) for n in found if n is not None and n == int(n) and int(n) in INT32]

    def code(self, item: Item, tag: int, charset: bytes) -> Code:
        """Return the first usable of the coded entries: one that has a code, else a meaning."""
        found = [self._code(entry, charset) for entry in item.items.get(tag, ())]
        usable = (c for c in found if c.code)
        return next(usable, None) or next((c for c in found if c.meaning), Code())

    def _code(self, entry: Item, charset: bytes) -> Code:
        own = charset if entry.charset is None else entry.charset
        raw = (entry.values.get(tag) for tag in CODE_TAGS)
        key = (own, *(b"" if r is None else r.value for r in raw))
        found = self.codes.get(key)
        if found is None:
            texts = (self.text(entry, tag, charset) for tag in CODE_TAGS[:3])
            scheme, meaning = (self.text(entry, t, charset) for t in (CODE_SCHEME, CODE_MEANING))
            found = Code(scheme, next((t for t in texts if t), None), meaning)
            self.codes[key] = found
        return found


def flat(cells: Iterable[object]) -> tuple[object, ...]:
    """Return the columns of a row: a code is three of them."""
    row: list[object] = []
    for cell in cells:
        row.extend(cell) if isinstance(cell, Code) else row.append(cell)
    return tuple(row)


@lru_cache(maxsize=256)
def vr_of(tag: int) -> str:
    """Return the VR that the standard gives a tag: files often have another, or none."""
    return dictionary_VR(tag)[:2]
