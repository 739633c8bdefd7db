"""Read the header of one DICOM object: who and when it is, and its attributes on the list.

This module knows nothing of folders, processes or Parquet. Pixel data is never read.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from micdm import identity as ident
from micdm.attributes import (
    CODE_MEANING,
    CODE_SCHEME,
    CODE_TAGS,
    PER_FRAME_GROUPS,
    SHARED_GROUPS,
    Attribute,
    AttributeList,
    PrivateTag,
    Step,
)
from micdm.content import Source, is_report_class
from micdm.dataset import UNDEFINED, Encoding, Level, NestingTooDeepError, raw_values, read_level
from micdm.identity import Identity
from micdm.segmentation import SEGMENT_SEQUENCE
from micdm.sr import CONTENT_SEQUENCE
from micdm.values import BINARY, KNOWN_VRS, Charset, charset_of, decode_text, parse_values

MAX_INFLATED = 64 * 1024 * 1024

MEDIA_CLASS, MEDIA_INSTANCE, TRANSFER_SYNTAX = 0x00020002, 0x00020003, 0x00020010
DIRECTORY_RECORDS = 0x00041220
# What the meta information repeats of the data set (PS3.10 7.1).
SAME_AS = {MEDIA_CLASS: ident.SOP_CLASS_UID, MEDIA_INSTANCE: ident.SOP_INSTANCE_UID}
IMPLICIT = frozenset({ImplicitVRLittleEndian, "1.2.840.113619.5.2"})
# PS3.5 A.5 and A.8 (JPIP Referenced Deflate)
DEFLATED = frozenset({DeflatedExplicitVRLittleEndian, "1.2.840.10008.1.2.4.95"})


class Rejected(Exception):  # noqa: N818 - it is an outcome, not an error of ours
    """A file that can't be used. The message never holds values of the file."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


class Element(NamedTuple):
    """One row of an element table, without the run and the id of its file or header."""

    tag: str
    keyword: str
    vr: str
    path: str
    item: int
    position: int
    value_count: int
    value_text: str | None
    value_number: float | None
    value_key: str | None
    coding_scheme: str | None
    code_meaning: str | None
    reason_code: str | None


class Occurrence(NamedTuple):
    """A raw value of an attribute, how often it occurs, and the character set in force.

    For a coded item `value` is empty and `code` holds its raw parts.
    """

    vr: str
    value: bytes
    charset: bytes
    code: tuple[bytes, ...] | None
    times: int


# An attribute and its values, each with the number of its item.
Finding = tuple[Attribute, list[tuple[int, Occurrence]]]


@dataclass(slots=True)
class Header:
    """The header of one object. Series-constant attributes are decoded only when asked for."""

    identity: Identity
    header_id: str
    flags: set[str]
    instance_rows: list[Element]
    series_values: list[Finding]
    little: bool
    source: Source | None = None

    @property
    def has_dates(self) -> bool:
        """Tell whether a series-level value is a date, and so the patient's."""
        return any(
            attribute.vr in ("DA", "DT") or value.vr in ("DA", "DT")
            for attribute, found in self.series_values
            for _, value in found
        )

    def decode(self) -> tuple[list[Element], set[str]]:
        """Return the element rows of the header, and the flags that decoding them adds."""
        flags: set[str] = set()
        return list(_decode_all(self.series_values, self.little, flags)), flags


def read_header(file: BinaryIO, size: int, attributes: AttributeList) -> Header:
    """Read the header of the DICOM object in `file`.

    Parameters
    ----------
    file : file-like
        Seekable, at its start.
    size : int
        Number of bytes in it.
    attributes : AttributeList
        What to read besides the identity.

    Raises
    ------
    Rejected
        When it is no DICOM object that can be used; nothing else is raised.
    """
    try:
        return _read_header(file, size, attributes)
    except Rejected:
        raise
    except (NestingTooDeepError, RecursionError):
        raise Rejected("nesting_too_deep", "sequences are nested too deep") from None
    except Exception as error:  # one bad file never stops a run
        raise Rejected("read_error", f"can't be read: {type(error).__name__}") from error


def _read_header(file: BinaryIO, size: int, attributes: AttributeList) -> Header:
    flags: set[str] = set()
    has_prefix = looks_like_dicom(file)
    if not has_prefix:
        if not may_be_bare_dataset(file):
            raise Rejected("not_dicom" if size else "empty_file", "no DICM prefix and no data set")
        flags.add("no_preamble")
        file.seek(0)
    meta = _read_meta(file, size)
    if not meta:
        flags.add("no_meta")
    syntax = _uid(meta.get(TRANSFER_SYNTAX))
    start = file.tell()
    if _uid(meta.get(MEDIA_CLASS)) == MediaStorageDirectoryStorage:
        raise Rejected("dicomdir", "a DICOMDIR: a directory of a medium, not an object")
    if start >= size:
        raise Rejected("truncated_meta", "ends in the file meta information")
    if syntax in DEFLATED:
        file, start, size = _inflate(file, flags), 0, 0
        size = file.seek(0, io.SEEK_END)
    encoding = _guess_encoding(file, start, syntax, flags)
    top = read_level(file, start, size, attributes.tree, encoding, flags, top=True)
    if DIRECTORY_RECORDS in top.items:
        raise Rejected("dicomdir", "a DICOMDIR: a directory of a medium, not an object")
    if not any(top.values[tag].value.strip(b" \0") for tag in ident.TELLING if tag in top.values):
        if not has_prefix:
            raise Rejected("not_dicom", "no DICM prefix, and read without it makes no sense")
        raise Rejected("no_identity", "no SOP class, study UID or modality")
    charset = charset_of(top.charset or b"")
    if charset.flag:
        flags.add(charset.flag)
    raw = {tag: top.values[tag].value for tag in ident.VR_OF if tag in top.values}
    for media, tag in SAME_AS.items():
        if media in meta:
            raw.setdefault(tag, meta[media])
    identity, rejected = ident.read_identity(raw, syntax, charset, flags)
    if not has_prefix and not ident.makes_sense(identity):
        raise Rejected("not_dicom", "no DICM prefix, and read without it makes no sense")
    series = _collect(attributes.series, top)
    instance = _collect(attributes.instance, top)
    # What can't be used in a column of the instance can't be used as a parameter either.
    unusable = {bad.keyword for bad in rejected}
    in_header = {attribute.path for attribute, _ in series}
    decoded = _decode_all(instance, encoding.little, flags)
    rows = [row for row in decoded if row.path not in unusable]
    rows += [_rejected_row(bad) for bad in rejected if bad.keyword not in in_header]
    return Header(
        identity=identity,
        header_id=_hash(series, top.charset or b"", encoding.little),
        flags=flags,
        instance_rows=rows,
        series_values=series,
        little=encoding.little,
        source=_source(file, start, size, encoding, top, identity),
    )


def _source(
    file: BinaryIO, start: int, size: int, encoding: Encoding, top: Level, identity: Identity
) -> Source | None:
    """Return where the content of a report or the segments are, if the object has any."""
    is_report = CONTENT_SEQUENCE in top.items or is_report_class(identity.sop_class_uid)
    is_segmentation = SEGMENT_SEQUENCE in top.items
    if not is_report and not is_segmentation:
        return None
    return Source(file, start, size, encoding, is_report, is_segmentation)


def looks_like_dicom(file: BinaryIO) -> bool:
    """Tell whether the file has the DICM prefix (PS3.10 7.1); leaves the file after it."""
    return read_preamble(file, force=True) is not None


def may_be_bare_dataset(file: BinaryIO) -> bool:
    """Tell whether the file begins like a data set without preamble and prefix.

    Old files do; they begin with group 0002 or 0008. Without this, text, pictures and archives
    would be parsed at length and now and then pass for DICOM.
    """
    file.seek(0)
    head = file.read(8)
    if len(head) < 8:
        return False
    little, big = struct.unpack("<H", head[:2])[0], struct.unpack(">H", head[:2])[0]
    if little in (2, 8):
        element, explicit = struct.unpack("<H", head[2:4])[0], head[4:6].decode("latin-1")
        return explicit in KNOWN_VRS or (element < 0x1200 and head[6:8] == b"\0\0")
    return big == 8 and head[4:6].decode("latin-1") in KNOWN_VRS


def _read_meta(file: BinaryIO, size: int) -> dict[int, bytes]:
    """Read the file meta information, group 0002, always explicit little endian (PS3.10 7.1)."""
    cut = False
    start = file.tell()

    def watch(tag: BaseTag, _vr: str | None, length: int) -> bool:
        nonlocal cut
        if tag >> 16 != 2:
            return True
        if file.tell() >= start + 8 and (length == UNDEFINED or length > size - file.tell()):
            cut = True
        return cut

    wanted: list[BaseTag | int] = [MEDIA_CLASS, MEDIA_INSTANCE, TRANSFER_SYNTAX]
    try:
        found = read_dataset(
            file, False, True, stop_when=watch, specific_tags=wanted, at_top_level=False
        )
    except (struct.error, OSError, ValueError):
        cut = True
    if cut:
        raise Rejected("truncated_meta", "ends in the file meta information")
    return {tag: raw.value for tag, raw in raw_values(found) if raw.value}


def _uid(raw: bytes | None) -> str | None:
    return (raw or b"").decode("latin-1").strip(" \0") or None


def _inflate(file: BinaryIO, flags: set[str]) -> BinaryIO:
    """Inflate a deflated data set (PS3.5 A.5), as far as a real one may go."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    out = io.BytesIO()
    try:
        while not inflate.eof and (chunk := file.read(1024 * 1024)):
            out.write(inflate.decompress(chunk, MAX_INFLATED + 1 - out.tell()))
            if out.tell() > MAX_INFLATED:
                raise Rejected("deflate_too_large", "inflates to more than 64 MB")
    except zlib.error:
        raise Rejected("deflate_corrupt", "the deflated data set is corrupt") from None
    if not inflate.eof:
        flags.add("truncated")
    return out


def _guess_encoding(file: BinaryIO, start: int, syntax: str | None, flags: set[str]) -> Encoding:
    """Return VR and byte order: what the first element shows, whatever the syntax says."""
    file.seek(start)
    head = file.read(6)
    file.seek(start)
    declared = Encoding(syntax in IMPLICIT, syntax != ExplicitVRBigEndian)
    if len(head) < 6:
        return declared
    little, big = struct.unpack("<H", head[:2])[0], struct.unpack(">H", head[:2])[0]
    # Groups are small, so the wrong byte order shows (PS3.5 7.3).
    explicit = head[4:6].decode("latin-1") in KNOWN_VRS
    seen = Encoding(not explicit, not (explicit and big < little))
    if syntax is None:
        return seen
    if explicit is declared.implicit and not explicit and head[4:6].isalpha():
        return declared  # an unknown VR, not implicit VR
    if (seen.implicit, seen.little) != (declared.implicit, declared.little):
        flags.add("wrong_transfer_syntax")
    return seen


def _collect(attributes: tuple[Attribute, ...], top: Level) -> list[Finding]:
    """Find the raw values: the top level wins, then shared, then per-frame functional groups."""
    found = []
    charset = top.charset or b""
    groups = [top.items.get(tag, []) for tag in (SHARED_GROUPS, PER_FRAME_GROUPS)]
    has_groups = any(groups)
    for attribute in attributes:
        first = attribute.steps[0]
        is_there = first in top.values or first in top.items
        values = list(_at(attribute, attribute.steps, [top], charset)) if is_there else []
        if not values and not has_groups:
            continue
        places = ((levels, steps) for levels in groups if levels for steps in attribute.group_steps)
        while not values and (place := next(places, None)):
            levels, steps = place
            values = _distinct(_at(attribute, steps, levels, charset))
        if values:
            found.append((attribute, values))
    return found


def _at(
    attribute: Attribute, steps: tuple[Step, ...], levels: list[Level], charset: bytes
) -> Iterator[tuple[int, Occurrence]]:
    """Yield item number and value of each value at the end of a path, through all items."""
    inner = [(level, _own(level, charset)) for level in levels]
    for tag in steps if attribute.is_code_sequence else steps[:-1]:
        inner = [(i, _own(i, own)) for level, own in inner for i in level.items.get(tag, ())]
    for item, (level, own) in enumerate(inner):
        if attribute.is_code_sequence:
            yield item, _code(level, own)
            continue
        raw = level.values.get(steps[-1])
        if raw is not None:
            vr = _vr(raw.vr, steps[-1], attribute)
            if vr in BINARY or raw.value.strip(b" \0"):  # a binary zero is a value
                yield item, Occurrence(vr, raw.value, own, None, 1)


def _own(level: Level, charset: bytes) -> bytes:
    return charset if level.charset is None else level.charset


def _code(item: Level, charset: bytes) -> Occurrence:
    parts = tuple(item.values[t].value if t in item.values else b"" for t in CODE_TAGS)
    return Occurrence("SQ", b"", charset, parts, 1)


def _vr(vr: str | None, step: Step, attribute: Attribute) -> str:
    """Return the VR: of the file, else (implicit VR, UN) of the list or the dictionary.

    Archives that do not know a private element write it as UN or OB.
    """
    private = isinstance(step, PrivateTag)
    if vr is not None and vr != "UN" and not (private and vr == "OB"):
        return vr
    if isinstance(step, PrivateTag) or step == attribute.steps[-1]:
        return attribute.vr
    return _dictionary_vr(step)


@lru_cache(maxsize=4096)
def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)[:2]
    except KeyError:
        return "UN"


def _distinct(values: Iterator[tuple[int, Occurrence]]) -> list[tuple[int, Occurrence]]:
    """Count equal values of frames, numbered in order of first appearance."""
    counts: dict[Occurrence, int] = {}
    for _, value in values:
        counts[value] = counts.get(value, 0) + 1
    return [(n, v._replace(times=times)) for n, (v, times) in enumerate(counts.items())]


def _hash(series: list[Finding], charset: bytes, little: bool) -> str:
    """Return the header id: equal headers have equal raw bytes, so none is decoded twice."""
    digest = hashlib.blake2b(b"<" if little else b">", digest_size=16)

    def add(*parts: bytes) -> None:
        for part in parts:
            digest.update(len(part).to_bytes(4, "little") + part)

    add(charset)
    for attribute, values in series:
        add(attribute.path.encode())
        for item, value in values:
            own = b"" if value.charset == charset else value.charset
            add(value.vr.encode(), value.value, own, *(value.code or ()))
            digest.update(item.to_bytes(4, "little") + value.times.to_bytes(4, "little"))
    return digest.hexdigest()


def _decode_all(found: list[Finding], little: bool, flags: set[str]) -> Iterator[Element]:
    for attribute, values in found:
        for item, value in values:
            if value.code is not None:
                yield from _decode_code(attribute, item, value, flags)
            else:
                yield from _decode_value(attribute, item, value, little, flags)


def _decode_value(
    attribute: Attribute, item: int, occurrence: Occurrence, little: bool, flags: set[str]
) -> Iterator[Element]:
    numeric = attribute.value_type == "number"
    charset = charset_of(occurrence.charset)
    parsed = parse_values(occurrence.value, occurrence.vr, charset, little, flags, numeric=numeric)
    for position, value in parsed:
        if position and attribute.multi_value == "first":
            return
        yield Element(
            attribute.tag,
            attribute.keyword,
            attribute.vr,
            attribute.path,
            item,
            position,
            occurrence.times,
            value.text,
            value.number,
            value.key,
            None,
            None,
            value.reason,
        )


def _decode_code(
    attribute: Attribute, item: int, occurrence: Occurrence, flags: set[str]
) -> Iterator[Element]:
    """Yield the row of a coded item: the first of its three forms of code (PS3.3 8.8).

    An item with a meaning but no code is kept under its meaning, without a scheme: the words are
    those of nobody's terminology, so that nothing takes them for a code.
    """
    if item and attribute.multi_value == "first":
        return
    charset = charset_of(occurrence.charset)
    parts = dict(zip(CODE_TAGS, occurrence.code or (), strict=True))
    code, scheme, meaning = (
        _text(parts, tags, charset, flags)
        for tags in (CODE_TAGS[:3], (CODE_SCHEME,), (CODE_MEANING,))
    )
    key = code
    if code is None and meaning is not None:
        key, scheme = meaning.upper(), ""
    if key is not None:
        yield Element(
            attribute.tag,
            attribute.keyword,
            attribute.vr,
            attribute.path,
            item,
            0,
            occurrence.times,
            code,
            None,
            key,
            scheme,
            meaning,
            None,
        )


def _text(
    parts: dict[int, bytes], tags: tuple[int, ...], charset: Charset, flags: set[str]
) -> str | None:
    for tag in tags:
        text = decode_text(parts[tag], _dictionary_vr(tag), charset, flags).strip()
        if text:
            return text
    return None


def _rejected_row(bad: ident.RejectedIdentity) -> Element:
    return Element(
        f"{bad.tag:08X}",
        bad.keyword,
        bad.vr,
        bad.keyword,
        0,
        0,
        1,
        bad.text,
        None,
        None,
        None,
        None,
        bad.reason,
    )
