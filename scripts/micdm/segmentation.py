"""The segments of a segmentation (PS3.3 C.8.20.4), one row each. Its frames are never read."""

from __future__ import annotations

from typing import NamedTuple

from micdm.attributes import CODE_TAGS
from micdm.items import Code, Reader, flat
from micdm.tree import Item

SEGMENT_SEQUENCE, NUMBER = 0x00620002, 0x00620004
CATEGORY, TYPE, TYPE_MODIFIER = 0x00620003, 0x0062000F, 0x00620011
REGION, REGION_MODIFIER = 0x00082218, 0x00082220
ALGORITHM_TYPE, ALGORITHM_NAME, ALGORITHM = 0x00620008, 0x00620009, 0x00620007
FAMILY, NAME, VERSION = 0x0066002F, 0x00660036, 0x00660031
PARAMETERS, SOURCE = 0x00660032, 0x00240202
TRACKING_IDENTIFIER, TRACKING_UID = 0x00620020, 0x00620021

VALUES = frozenset(
    {
        *CODE_TAGS,
        *(NUMBER, ALGORITHM_TYPE, ALGORITHM_NAME, NAME, VERSION, PARAMETERS, SOURCE),
        *(TRACKING_IDENTIFIER, TRACKING_UID),
    }
)
SEQUENCES = frozenset(
    {
        *(SEGMENT_SEQUENCE, CATEGORY, TYPE, TYPE_MODIFIER, REGION, REGION_MODIFIER, ALGORITHM),
        FAMILY,
    }
)


class Segment(NamedTuple):
    """One row of ``dicom_segment``, without the run and the file."""

    segment_number: int | None = None
    category: Code = Code()
    type: Code = Code()
    type_modifier: Code = Code()
    region: Code = Code()
    region_modifier: Code = Code()
    algorithm_type: str | None = None
    algorithm_name: str | None = None
    algorithm_version: str | None = None
    algorithm_parameters: str | None = None
    algorithm_family: Code = Code()
    algorithm_source: str | None = None
    tracking_identifier: str | None = None
    tracking_uid: str | None = None
    reason_code: str | None = None

    def row(self) -> tuple[object, ...]:
        """Return the columns: a code is three of them."""
        return flat(self)


def unreadable() -> Segment:
    """Return the row of a segmentation whose segments can't be read."""
    return Segment(reason_code="content_unreadable")


def read_segments(top: Item, reader: Reader) -> list[Segment]:
    """Return the segments, in the order of the file."""
    found: list[Segment] = []
    taken: set[int] = set()
    for item in top.items.get(SEGMENT_SEQUENCE, ()):
        segment = _read_segment(item, top.charset or b"", reader)
        number = segment.segment_number
        if number in taken:
            segment = segment._replace(reason_code="duplicate_segment_number")
        if number is not None:
            taken.add(number)
        found.append(segment)
    return found


def _read_segment(item: Item, charset: bytes, reader: Reader) -> Segment:
    charset = charset if item.charset is None else item.charset
    number = next(iter(reader.integers(item, NUMBER)), None)
    algorithm = item.first(ALGORITHM)
    return Segment(
        segment_number=number,
        category=reader.code(item, CATEGORY, charset),
        type=reader.code(item, TYPE, charset),
        type_modifier=_modifier(item, TYPE, TYPE_MODIFIER, charset, reader),
        region=reader.code(item, REGION, charset),
        region_modifier=_modifier(item, REGION, REGION_MODIFIER, charset, reader),
        algorithm_type=reader.term(item, ALGORITHM_TYPE),
        algorithm_name=reader.text(item, ALGORITHM_NAME, charset)
        or reader.text(algorithm, NAME, charset),
        algorithm_version=reader.text(algorithm, VERSION, charset),
        algorithm_parameters=reader.text(algorithm, PARAMETERS, charset),
        algorithm_family=reader.code(algorithm, FAMILY, charset),
        algorithm_source=reader.text(algorithm, SOURCE, charset),
        tracking_identifier=reader.text(item, TRACKING_IDENTIFIER, charset),
        tracking_uid=reader.uid(item, TRACKING_UID),
        reason_code="no_segment_number" if number is None else None,
    )


def _modifier(item: Item, of: int, tag: int, charset: bytes, reader: Reader) -> Code:
    """Return a modifier: it belongs inside the entry that it modifies, but stands beside it too."""
    within = reader.code(item.first(of), tag, charset)
    return within if within.code else reader.code(item, tag, charset)
