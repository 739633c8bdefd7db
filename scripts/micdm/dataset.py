"""The wanted elements of a data set, read level by level with bounded memory and time.

pydicom reads the flat values of one level; `_Level.watch`, its ``stop_when``, stops it before
whatever pydicom would read whole or trip over: a sequence, a length beyond the end, pixel data.
Sequences are walked here item by item, so the worst file costs no more than its wanted values.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from pydicom.charset import python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from micdm.attributes import PER_FRAME_GROUPS, Node, PrivateTag, Step

UNDEFINED = 0xFFFFFFFF
CHARSET_TAG = 0x00080005
FIRST_PIXEL_TAG = 0x7FE00000
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

MAX_DEPTH = 64
MAX_ITEMS = 1_000
MAX_FRAMES, MAX_FRAMES_INDEXED = 5_000, 500_000
MAX_FRAME_BYTES = 64 * 1024 * 1024
MAX_REPEATED_BYTES = 512
MAX_VALUE_BYTES = 64 * 1024
MAX_CREATOR_BYTES = 256
MAX_LEVEL_ELEMENTS = 50_000
MAX_SKIPPED_ELEMENTS = 5_000_000
MAX_FAILURES = 8

LONG_VRS = frozenset(str(vr).encode() for vr in EXPLICIT_VR_LENGTH_32)


class NestingTooDeepError(ValueError):
    """Sequences nested deeper than any real file has them."""


class UnterminatedError(ValueError):
    """A sequence or item of undefined length that nothing ends."""


@dataclass(slots=True)
class Raw:
    """The value field of an element as it is in the file; `vr` is None in implicit VR."""

    vr: str | None
    value: bytes


@dataclass(slots=True)
class Level:
    """The wanted values and sequences of the data set or of one item."""

    values: dict[Step, Raw] = field(default_factory=dict)
    items: dict[Step, list[Level]] = field(default_factory=dict)
    charset: bytes | None = None


# Levels by the node that asked for them, the VR and the bytes of the item.
Repeated = dict[tuple[int, bool, bytes], Level]


@dataclass(slots=True)
class Encoding:
    """How the elements are encoded (PS3.5 7.1)."""

    implicit: bool
    little: bool


def read_level(
    fp: BinaryIO,
    start: int,
    end: int,
    wanted: Node,
    encoding: Encoding,
    flags: set[str],
    *,
    top: bool = False,
    repeated: Repeated | None = None,
) -> Level:
    """Read the wanted elements between two offsets.

    Parameters
    ----------
    fp : file-like
        The file, or the inflated data set.
    start, end : int
        Where the elements begin and where they must have ended.
    wanted : Node
        What to read and, for sequences, what to read inside.
    encoding : Encoding
        VR and byte order.
    flags : set of str
        Read flags found on the way are added here.
    top : bool
        True for the data set itself: its order is checked, pixel data ends it.
    repeated : Repeated, optional
        Small items that were read before, for a level below the frames.
    """
    return _LevelReader(fp, start, end, wanted, encoding, flags, top, repeated).read()


def raw_values(found: Dataset) -> Iterator[tuple[int, Raw]]:
    """Yield the values of a data set as pydicom has read them, none converted."""
    for tag in found.keys():  # noqa: SIM118 - iterating over the data set itself converts
        element: object = found.get_item(tag, keep_deferred=True)
        if isinstance(element, RawDataElement):
            yield int(tag), Raw(element.VR, element.value or b"")


class _LevelReader:
    """Reads one level; a class because ``stop_when`` and the loop share their place."""

    def __init__(
        self,
        fp: BinaryIO,
        start: int,
        end: int,
        wanted: Node,
        encoding: Encoding,
        flags: set[str],
        top: bool,
        repeated: Repeated | None,
    ) -> None:
        self.fp, self.end, self.wanted, self.encoding = fp, end, wanted, encoding
        self.flags, self.top, self.repeated = flags, top, repeated
        # Never empty: pydicom would read everything. Private values are read here.
        self.specific: list[BaseTag | int] = [CHARSET_TAG, *wanted.children]
        self.position = start  # where reading goes on
        self.level = Level()
        self.seen: set[int] = set()
        self.count = 0
        self.last_tag = -1
        # The element at hand: its tag, VR, length and the offset of its value.
        self.tag, self.vr, self.length, self.value_at = -1, "", 0, start
        self.why = ""
        # The creators of private blocks by (gggg,bb), and which tag a private value came from.
        self.creators: dict[int, str] = {}
        self.private_from: dict[Step, int] = {}

    def read(self) -> Level:
        failures = 0
        while self.position < self.end and failures < MAX_FAILURES:
            self.why = ""
            started = self.position
            try:
                self._read_flat(None)
            except NestingTooDeepError:
                raise
            except Exception:  # noqa: BLE001 - whatever pydicom trips over, keep what came before
                failures += 1
                self._keep_before_failure(started)
                continue
            match self.why:
                case "sequence":
                    self._read_sequence()
                case "skip":
                    self.position = self.value_at + self.length
                case "past_end":
                    self.flags.update(("truncated", "value_past_end"))
                    break
                case _:
                    self._note_cut_end()
                    break
        return self.level

    def _read_flat(self, limit: int | None) -> None:
        """Let pydicom read values up to the next element that `watch` stops at."""
        fp, begin = self.fp, self.position
        fp.seek(begin)

        def watch(tag: BaseTag, vr: str | None, length: int) -> bool:
            at = fp.tell()
            if at < begin + 8:
                return False  # pydicom looks ahead to guess the VR
            if limit is not None and at >= limit:
                return True
            return self._stops(int(tag), vr, length, at)

        found = read_dataset(
            fp,
            self.encoding.implicit,
            self.encoding.little,
            stop_when=watch,
            specific_tags=self.specific,
            at_top_level=False,
        )
        values = self.level.values
        for tag, raw in raw_values(found):
            if tag == CHARSET_TAG:
                self.level.charset = raw.value
            if raw.value and tag in self.wanted.children:
                values[tag] = raw
            else:
                values.pop(tag, None)

    def _stops(self, tag: int, vr: str | None, length: int, at: int) -> bool:
        if at > self.end:
            self.why = "end"
            return True
        self.tag, self.vr, self.length, self.value_at = tag, vr or "", length, at
        self.count += 1
        if self.count > MAX_LEVEL_ELEMENTS:
            self.flags.add("truncated")
            self.why = "end"
            return True
        if tag == SEQUENCE_END or (self.top and tag >= FIRST_PIXEL_TAG and tag < ITEM):
            self.why = "end"
            return True
        if self.top:
            self._check_order(tag)
        if length == UNDEFINED:
            self.why = "sequence"
            return True
        if length > self.end - at:
            cut = self.wanted.children.get(tag)
            if cut is not None and cut.is_marker:
                self.level.items[tag] = []
            self.why = "past_end"
            return True
        if tag == CHARSET_TAG and not self._is_plain_charset(vr, length, at):
            self.why = "skip"
            return True
        key: Step = tag
        node = self.wanted.children.get(tag)
        if node is None and tag & 0x10000 and tag >> 16 in self.wanted.private:
            key, node = self._find_private(tag)
            self._keep_creator(tag, length, at)
        if node is None:
            if vr == "SQ" and length > MAX_DEPTH * 16:
                _check_depth(self.fp, at, at + length, self.encoding)
                self.fp.seek(at)
            return False
        if vr == "SQ" or node.is_marker or (not node.is_value and vr in (None, "UN")):
            self.why = "sequence"
            return True
        if length > MAX_VALUE_BYTES:
            self.flags.add("too_long")
            self.why = "skip"
            return True
        if key != tag and length and self._is_first_block(key, tag):
            self.level.values[key] = Raw(vr, self.fp.read(length))
            self.fp.seek(at)
        return False

    def _find(self, tag: int) -> tuple[Step, Node | None]:
        """Return under which key an element is kept, and what is wanted of it."""
        node = self.wanted.children.get(tag)
        if node is None and tag & 0x10000 and tag >> 16 in self.wanted.private:
            return self._find_private(tag)
        return tag, node

    def _find_private(self, tag: int) -> tuple[Step, Node | None]:
        """Look a private element (gggg,bbee) up by the creator in (gggg,00bb) (PS3.5 7.8.1)."""
        creator = self.creators.get(tag >> 8)
        if creator is None:
            return tag, None
        key = PrivateTag(tag >> 16, creator, tag & 0xFF)
        return key, self.wanted.private[key.group].get(key)

    def _keep_creator(self, tag: int, length: int, at: int) -> None:
        """Note the creator of a block, if the element at hand reserves one."""
        block = tag & 0xFFFF
        if 0x10 <= block <= 0xFF and length <= MAX_CREATOR_BYTES:
            name = self.fp.read(length).decode("latin-1").strip(" \0")
            self.fp.seek(at)
            self.creators[tag >> 16 << 8 | block] = name

    def _is_first_block(self, key: Step, tag: int) -> bool:
        """Claim a private attribute: of several blocks of one creator the lowest that has it."""
        if self.private_from.get(key, tag) < tag:
            return False
        self.private_from[key] = tag
        return True

    def _is_plain_charset(self, vr: str | None, length: int, at: int) -> bool:
        """Keep an odd character set away from pydicom, which looks it up as it reads."""
        raw = self.fp.read(min(length, MAX_VALUE_BYTES))
        self.fp.seek(at)
        names = raw.decode("latin-1").rstrip(" \0").split("\\")
        if vr in ("CS", None) and all(name in python_encoding for name in names):
            return True
        self.level.charset = raw
        return False

    def _check_order(self, tag: int) -> None:
        if tag > self.last_tag:
            self.last_tag = tag
        else:
            self.flags.add("duplicate_element" if tag in self.seen else "out_of_order")
        self.seen.add(tag)

    def _keep_before_failure(self, started: int) -> None:
        """Read again up to the element that failed, then go on after it."""
        self.flags.add("truncated")
        failed_at, length = self.value_at, self.length
        self.position = started
        try:
            self._read_flat(failed_at)
        except Exception:  # noqa: BLE001 - nothing of this stretch can be read
            self.flags.add("truncated")
        self.position = max(failed_at + length, started + 8)

    def _read_sequence(self) -> None:
        """Read the wanted items of the sequence at hand, or step over it."""
        tag, (key, node) = self.tag, self._find(self.tag)
        end = self.end if self.length == UNDEFINED else self.value_at + self.length
        encoding = Encoding(self.encoding.implicit or self.vr == "UN", self.encoding.little)
        if node is not None and node.is_marker:
            self.level.items[key] = []  # only that it is there
            self._skip_marked(end, encoding)
            return
        limit = 0
        if node is not None and not node.is_value:
            limit = MAX_FRAMES_INDEXED if tag == PER_FRAME_GROUPS else MAX_ITEMS
        index = _index_items(self.fp, self.value_at, end, self.length, encoding, limit)
        self.position = index.end
        if index.unterminated:
            self.flags.add("sequence_unterminated")
            if end == self.end and self.top:
                self.flags.add("truncated")
        if node is None:
            return
        if node.is_value:
            self.level.items[key] = []
            return
        is_frames = tag == PER_FRAME_GROUPS
        chosen = index.sample(index.most_frames() if is_frames else MAX_ITEMS)
        if len(chosen) < index.count:
            self.flags.add("frames_sampled" if is_frames else "too_long")
        if is_frames:
            self.repeated = {}
        levels = [self._read_item(first, last, node, encoding) for first, last in chosen]
        if key != tag and not (levels and self._is_first_block(key, tag)):
            return
        if levels:
            self.level.items[key] = levels
        else:
            self.level.items.pop(key, None)

    def _skip_marked(self, end: int, encoding: Encoding) -> None:
        """Step over a sequence that is read elsewhere, however deep it is."""
        self.position = end
        if self.length == UNDEFINED:
            try:
                self.position = end_of_item(self.fp, self.value_at, end, encoding, most_depth=None)
            except UnterminatedError:
                self.flags.update(("sequence_unterminated", "truncated"))

    def _read_item(self, first: int, last: int, node: Node, encoding: Encoding) -> Level:
        """Read an item; below the frames, which mostly repeat each other, each different one."""
        repeated = self.repeated
        if repeated is None or last - first > MAX_REPEATED_BYTES:
            return read_level(self.fp, first, last, node, encoding, self.flags, repeated=repeated)
        self.fp.seek(first)
        key = (id(node), encoding.implicit, self.fp.read(last - first))
        level = repeated.get(key)
        if level is None:
            level = read_level(self.fp, first, last, node, encoding, self.flags, repeated=repeated)
            repeated[key] = level
        return level

    def _note_cut_end(self) -> None:
        """Flag a file that ends inside an element's tag, VR and length."""
        if self.why or not self.top:
            return
        after = self.value_at + self.length if self.tag >= 0 else self.position
        if 0 < self.end - after < 12:
            self.fp.seek(after)
            if any(self.fp.read(self.end - after)):
                self.flags.add("truncated")


@dataclass(slots=True)
class _ItemIndex:
    """Where the items of a sequence begin and end."""

    offsets: array[int]
    end: int
    count: int
    unterminated: bool

    def most_frames(self) -> int:
        """Return how many frames to read: fewer of huge ones, as all their values are kept."""
        if not self.offsets:
            return MAX_FRAMES
        known, size = len(self.offsets) // 2, self.offsets[-1] - self.offsets[0]
        return min(MAX_FRAMES, max(MAX_ITEMS, MAX_FRAME_BYTES * known // max(size, 1)))

    def sample(self, at_most: int) -> list[tuple[int, int]]:
        """Return begin and end of the items, or of some when there are too many."""
        known = len(self.offsets) // 2
        chosen = range(known) if known <= at_most else _spread(known, at_most)
        return [(self.offsets[2 * i], self.offsets[2 * i + 1]) for i in chosen]


def _spread(count: int, at_most: int) -> list[int]:
    """Choose so many of `count` places: first, last, and one by chance in each of equal stretches.

    Even steps would keep pace with a scanner that repeats itself, such as b = 0, 500, 1000. Chance
    is a hash of the place, so that a file always gives the same rows.
    """
    inner, stretches = count - 2, at_most - 2
    chosen = [0]
    for number in range(stretches):
        begin, end = number * inner // stretches, (number + 1) * inner // stretches
        digest = hashlib.blake2b(number.to_bytes(4, "little"), digest_size=8).digest()
        chosen.append(1 + begin + int.from_bytes(digest, "little") % (end - begin))
    return [*chosen, count - 1]


def _index_items(
    fp: BinaryIO, start: int, end: int, length: int, encoding: Encoding, limit: int
) -> _ItemIndex:
    """Find the items of a sequence (PS3.5 7.5) without reading their values."""
    offsets = array("q")
    unpack = struct.Struct("<HHL" if encoding.little else ">HHL").unpack
    position, count = start, 0
    while position + 8 <= end:
        fp.seek(position)
        header = fp.read(8)
        if len(header) < 8:
            break
        group, element, item_length = unpack(header)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return _ItemIndex(offsets, position + 8, count, False)
        if tag != ITEM:
            # Not a sequence after all; what comes next can't be told from its bytes.
            return _ItemIndex(offsets, end, count, True)
        first = position + 8
        if item_length == UNDEFINED:
            try:
                position = end_of_item(fp, first, end, encoding)
            except UnterminatedError:
                return _ItemIndex(offsets, end, count, True)
            last = position - 8
        else:
            position = last = first + item_length
            if last > end:
                return _ItemIndex(offsets, end, count, True)
        if count < limit:
            offsets.extend((first, last))
        count += 1
    return _ItemIndex(offsets, end, count, length == UNDEFINED)


def end_of_item(
    fp: BinaryIO,
    start: int,
    end: int,
    encoding: Encoding,
    *,
    most_depth: int | None = MAX_DEPTH * 2,
) -> int:
    """Return the offset after an item or sequence of undefined length.

    Nesting is counted, not recursed; deeper than `most_depth` it raises NestingTooDeepError.
    """
    order = "<" if encoding.little else ">"
    short = struct.Struct(order + "HH2sH").unpack
    long = struct.Struct(order + "HHL").unpack
    length_of = struct.Struct(order + "L").unpack
    read, seek = fp.read, fp.seek
    position, depth = start, 1
    for _ in range(MAX_SKIPPED_ELEMENTS):
        seek(position)
        header = read(12)
        if len(header) < 8 or position >= end:
            raise UnterminatedError
        group, element, length = long(header[:8])
        position += 8
        if group == 0xFFFE:
            tag = group << 16 | element
            if tag in (ITEM_END, SEQUENCE_END):
                depth -= 1
                if depth == 0:
                    return position
            elif length == UNDEFINED:
                depth += 1
            elif tag == ITEM:
                position += length
            continue
        if not encoding.implicit:
            _, _, vr, short_length = short(header[:8])
            if vr in LONG_VRS:
                if len(header) < 12:
                    raise UnterminatedError
                position += 4
                length = length_of(header[8:])[0]
            elif vr.isalpha() and vr.isupper():
                length = short_length
        if length == UNDEFINED:
            depth += 1
            if most_depth is not None and depth > most_depth:
                raise NestingTooDeepError
        else:
            position += length
    raise UnterminatedError


def _check_depth(fp: BinaryIO, start: int, end: int, encoding: Encoding) -> None:
    """Follow the first items of a sequence of defined length; raise when it is too deep."""
    order = "<" if encoding.little else ">"
    item, element = struct.Struct(order + "HHL"), struct.Struct(order + "HH2sHL")
    position = start
    for _ in range(MAX_DEPTH):
        fp.seek(position)
        header = fp.read(20)
        if position + 20 > end or len(header) < 20:
            return
        group, number, _ = item.unpack(header[:8])
        if group << 16 | number != ITEM or element.unpack(header[8:])[2] != b"SQ":
            return
        position += 20
    raise NestingTooDeepError
