"""The wanted items of a data set at any depth, in one pass over its bytes.

For what the header reader leaves out: the content of a report, the segments of a segmentation.
pydicom recurses into sequences, and gives up all of a sequence whose end is missing. Here nothing
recurses, and what is complete before a defect is kept.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field

from micdm.dataset import (
    CHARSET_TAG,
    FIRST_PIXEL_TAG,
    ITEM,
    ITEM_END,
    LONG_VRS,
    MAX_DEPTH,
    SEQUENCE_END,
    UNDEFINED,
    Encoding,
    Raw,
    UnterminatedError,
    end_of_item,
)
from micdm.values import KNOWN_VRS

# Items of one sequence, and of all together, beyond which the rest is cut.
MAX_COUNTED, MAX_KEPT = 200_000, 1_000_000
ITEM_BYTES = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")

_VRS = {vr.encode(): vr for vr in KNOWN_VRS}
_LITTLE, _BIG = struct.Struct("<HHL"), struct.Struct(">HHL")
_SHORT = {True: struct.Struct("<H"), False: struct.Struct(">H")}
_LONG = {True: struct.Struct("<L"), False: struct.Struct(">L")}


@dataclass(slots=True)
class Item:
    """The wanted values and sequences of the data set or of one item.

    `is_cut`: it has items below that lie too deep.
    """

    values: dict[int, Raw] = field(default_factory=dict)
    items: dict[int, list[Item]] = field(default_factory=dict)
    charset: bytes | None = None
    is_cut: bool = False

    def first(self, tag: int) -> Item:
        """Return the first item of a sequence, an empty one when there is none."""
        found = self.items.get(tag)
        return found[0] if found else Item()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tags to keep, wherever they are. Items of `counted` have a limit of their own."""

    values: frozenset[int]
    sequences: frozenset[int]
    counted: int
    stop_at: int = FIRST_PIXEL_TAG


@dataclass(slots=True)
class Tree:
    """What was read. `at_stop`: up to the tag to stop at, rather than to the end of the bytes."""

    top: Item = field(default_factory=Item)
    at_stop: bool = False
    is_too_long: bool = False
    is_truncated: bool = False


def read_tree(data: bytes, encoding: Encoding, wanted: Wanted, flags: set[str]) -> Tree:
    """Read the wanted items of a data set.

    Parameters
    ----------
    data : bytes
        The data set, from its first element on.
    encoding : Encoding
        VR and byte order.
    wanted : Wanted
        What to keep.
    flags : set of str
        Read flags found on the way are added here.
    """
    return _TreeReader(data, encoding, wanted, flags).read()


@dataclass(slots=True)
class _Frame:
    """An item, or a sequence (`items`), that is being read. `is_open`: of undefined length."""

    tag: int
    end: int
    is_open: bool
    encoding: Encoding
    item: Item
    items: list[Item] | None = None


class _TreeReader:
    def __init__(self, data: bytes, encoding: Encoding, wanted: Wanted, flags: set[str]) -> None:
        self.data, self.wanted, self.flags = data, wanted, flags
        self.tree = Tree()
        self.position = self.counted = self.kept = 0
        self.stack = [_Frame(0, len(data), False, encoding, self.tree.top)]

    def read(self) -> Tree:
        while self.stack:
            frame = self.stack[-1]
            if frame.end - self.position < 8:
                self._leave_at_end(frame)
            elif frame.items is None:
                self._read_element(frame)
            else:
                self._read_item(frame, frame.items)
        if self.tree.is_truncated:
            self.flags.add("truncated")
        return self.tree

    def _leave_at_end(self, frame: _Frame) -> None:
        if frame.is_open:
            self.flags.add("sequence_unterminated")
        if frame.is_open or any(self.data[self.position : frame.end]):
            self.tree.is_truncated = True
        self.position = frame.end
        self.stack.pop()

    def _header(self, frame: _Frame) -> tuple[int, int]:
        """Return tag and length at hand, read as an item or in implicit VR."""
        layout = _LITTLE if frame.encoding.little else _BIG
        group, element, length = layout.unpack_from(self.data, self.position)
        return group << 16 | element, length

    def _read_element(self, frame: _Frame) -> None:
        tag, length = self._header(frame)
        if tag >= ITEM and tag in (ITEM, ITEM_END, SEQUENCE_END):
            self._read_delimiter(frame, tag)
            return
        if len(self.stack) == 1 and self.wanted.stop_at <= tag < ITEM:
            self.tree.at_stop = True
            self.stack.clear()
            return
        vr, value_at = None, self.position + 8
        if not frame.encoding.implicit:
            code = self.data[self.position + 4 : self.position + 6]
            vr = _VRS.get(code)
            if code in LONG_VRS:
                if frame.end - self.position < 12:
                    self._stop_item(frame)
                    return
                value_at += 4
                (length,) = _LONG[frame.encoding.little].unpack_from(self.data, value_at - 4)
            elif code.isalpha() and code.isupper():
                (length,) = _SHORT[frame.encoding.little].unpack_from(self.data, value_at - 2)
        if tag in self.wanted.sequences and self._is_sequence(vr, length, value_at):
            self._enter_sequence(frame, tag, vr, length, value_at)
        elif length == UNDEFINED:
            self._skip_open(value_at, frame, self._encoding_within(frame.encoding, vr, value_at))
        elif value_at + length > frame.end:
            self.flags.add("value_past_end")
            self._stop_item(frame)
        else:
            end = value_at + length
            if tag == CHARSET_TAG:
                frame.item.charset = self.data[value_at:end]
            elif length and tag in self.wanted.values:
                frame.item.values[tag] = Raw(vr, self.data[value_at:end])
            self.position = end

    def _stop_item(self, frame: _Frame) -> None:
        """Give up the rest of an item: what comes next can't be told."""
        self.tree.is_truncated = True
        self.position = frame.end

    def _read_delimiter(self, frame: _Frame, tag: int) -> None:
        """Leave an item at its end, or at what shows that its end is missing."""
        if not frame.is_open:
            self.position += 8
            return
        self.stack.pop()
        if tag == ITEM_END:
            self.position += 8
        else:
            self.flags.add("sequence_unterminated")

    def _is_sequence(self, vr: str | None, length: int, value_at: int) -> bool:
        """Tell by what is there, as files may have any VR for a sequence."""
        if vr == "SQ" or length in (0, UNDEFINED):
            return True
        return self.data[value_at : value_at + 4] in ITEM_BYTES

    def _enter_sequence(
        self, frame: _Frame, tag: int, vr: str | None, length: int, value_at: int
    ) -> None:
        is_open = length == UNDEFINED
        end = frame.end if is_open else value_at + length
        encoding = self._encoding_within(frame.encoding, vr, value_at)
        is_counted = tag == self.wanted.counted
        # Codes of an item that is just not too deep are still wanted.
        if len(self.stack) // 2 >= MAX_DEPTH + (0 if is_counted else 4):
            self.flags.add("content_cut")
            frame.item.is_cut |= is_counted
            if is_open:
                self._skip_open(value_at, frame, encoding)
            else:
                self.position = min(end, frame.end)
            return
        if end > frame.end:
            self.flags.add("value_past_end")
            self.tree.is_truncated = True
            end = frame.end
        if tag in frame.item.items:
            self.flags.add("duplicate_element")
        items: list[Item] = []
        frame.item.items[tag] = items
        self.position = value_at
        self.stack.append(_Frame(tag, end, is_open, encoding, frame.item, items))

    def _encoding_within(self, encoding: Encoding, vr: str | None, value_at: int) -> Encoding:
        """Return how items are encoded: UN hides implicit VR, little endian (PS3.5 6.2.2)."""
        if vr != "UN":
            return encoding
        is_explicit = self.data[value_at + 12 : value_at + 14] in _VRS
        return Encoding(not is_explicit, little=True)

    def _read_item(self, frame: _Frame, items: list[Item]) -> None:
        tag, length = self._header(frame)
        first = self.position + 8
        if tag == ITEM:
            if frame.tag == self.wanted.counted:
                self.counted += 1
            self.kept += 1
            if self.counted > MAX_COUNTED or self.kept > MAX_KEPT:
                self.flags.add("content_cut")
                self.tree.is_too_long = True
                self.stack.clear()
                return
            is_open = length == UNDEFINED
            end = frame.end if is_open else first + length
            if end > frame.end:
                self.flags.add("value_past_end")
                self.tree.is_truncated = True
                end = frame.end
            item = Item()
            items.append(item)
            self.position = first
            self.stack.append(_Frame(frame.tag, end, is_open, frame.encoding, item))
        elif tag == SEQUENCE_END:
            self.position = first if frame.is_open else frame.end
            self.stack.pop()
        elif tag == ITEM_END:
            self.position = first
        else:
            # Its end is missing, if this is a later element; else it was no sequence.
            self.flags.add("sequence_unterminated")
            if not (frame.is_open and frame.tag < tag < ITEM):
                self._stop_item(frame)
            self.stack.pop()

    def _skip_open(self, value_at: int, frame: _Frame, encoding: Encoding) -> None:
        try:
            self.position = end_of_item(
                io.BytesIO(self.data), value_at, frame.end, encoding, most_depth=None
            )
        except UnterminatedError:
            self.flags.add("sequence_unterminated")
            self._stop_item(frame)
