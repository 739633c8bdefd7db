"""The content of a Structured Report or Key Object Selection, one row an item (PS3.3 C.17.3).

A generic walk: any template, any SOP class, whatever the relationships. What an item says is taken
from what is there; what does not fit the standard gets a reason code and stays a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from micdm.attributes import CODE_TAGS
from micdm.dataset import MAX_DEPTH
from micdm.items import Code, Reader, flat
from micdm.texts import TextConcept, scheme_key
from micdm.tree import Item, Tree
from micdm.values import BadValueError, Value, parse_date, parse_datetime, parse_time

CONTENT_SEQUENCE = 0x0040A730
RELATIONSHIP, VALUE_TYPE, CONTINUITY = 0x0040A010, 0x0040A040, 0x0040A050
CONCEPT_NAME, CONCEPT_CODE = 0x0040A043, 0x0040A168
TEXT, PERSON, UID = 0x0040A160, 0x0040A123, 0x0040A124
DATE, TIME, DATETIME = 0x0040A121, 0x0040A122, 0x0040A120
MEASURED, NUMBER, FLOAT = 0x0040A300, 0x0040A30A, 0x0040A161
UNIT, QUALIFIER = 0x004008EA, 0x0040A301
REFERENCED_SOP, REFERENCED_CLASS, REFERENCED_INSTANCE = 0x00081199, 0x00081150, 0x00081155
REFERENCED_FRAMES, REFERENCED_SEGMENTS = 0x00081160, 0x0062000B
REFERENCED_ITEM = 0x0040DB73
GRAPHIC_TYPE, FRAME_OF_REFERENCE = 0x00700023, 0x30060024
TEMPLATE, TEMPLATE_ID, MAPPING_RESOURCE = 0x0040A504, 0x0040DB00, 0x00080105
OBSERVED_AT = 0x0040A032
COMPLETION, VERIFICATION = 0x0040A491, 0x0040A493

VALUES = frozenset(
    {
        *CODE_TAGS,
        *(RELATIONSHIP, VALUE_TYPE, CONTINUITY, TEXT, PERSON, UID, DATE, TIME, DATETIME),
        *(NUMBER, FLOAT, REFERENCED_CLASS, REFERENCED_INSTANCE, REFERENCED_FRAMES),
        *(REFERENCED_SEGMENTS, REFERENCED_ITEM, GRAPHIC_TYPE, FRAME_OF_REFERENCE, TEMPLATE_ID),
        *(MAPPING_RESOURCE, OBSERVED_AT, COMPLETION, VERIFICATION),
    }
)
SEQUENCES = frozenset(
    {
        *(CONTENT_SEQUENCE, CONCEPT_NAME, CONCEPT_CODE, MEASURED, UNIT, QUALIFIER),
        *(REFERENCED_SOP, TEMPLATE),
    }
)
# PS3.3 table C.17.3-7, and what is made of items that refer to another by its place.
VALUE_TYPES = frozenset(
    """
    CODE COMPOSITE CONTAINER DATE DATETIME IMAGE NUM PNAME SCOORD SCOORD3D TABLE TCOORD TEXT TIME
    UIDREF WAVEFORM REFERENCE
    """.split()  # noqa: SIM905 - it reads better
)
NAMED_TYPES = frozenset({"NUM", "CODE"})  # of no use without a concept
REFERRING_TYPES = frozenset({"IMAGE", "COMPOSITE", "WAVEFORM"})
SPOKEN_TYPES = frozenset({"TEXT", "PNAME"})
MAX_NUMBER_TEXT = 64


class SrItem(NamedTuple):
    """One row of ``dicom_sr_item``, without the run and the file."""

    path: str
    parent_path: str | None
    item_number: int
    depth: int
    relationship_type: str | None = None
    value_type: str | None = None
    concept: Code = Code()
    value: Code = Code()
    value_number: float | None = None
    value_number_text: str | None = None
    unit: Code = Code()
    qualifier: Code = Code()
    value_text: str | None = None
    text_length: int | None = None
    referenced_sop_class_uid: str | None = None
    referenced_sop_instance_uid: str | None = None
    referenced_frame_numbers: str | None = None
    referenced_segment_numbers: str | None = None
    referenced_path: str | None = None
    graphic_type: str | None = None
    referenced_frame_of_reference_uid: str | None = None
    template_id: str | None = None
    mapping_resource: str | None = None
    continuity: str | None = None
    observation_datetime: str | None = None
    completion_flag: str | None = None
    verification_flag: str | None = None
    reason_code: str | None = None

    def row(self) -> tuple[object, ...]:
        """Return the columns: a code is three of them."""
        return flat(self)


class _Place(NamedTuple):
    """Where an item is in the tree, and the character set in force there."""

    item: Item
    path: str
    parent_path: str | None
    depth: int
    charset: bytes


def unreadable() -> SrItem:
    """Return the root of a report whose content can't be read."""
    return SrItem("1", None, 1, 0, reason_code="content_unreadable")


def read_items(tree: Tree, reader: Reader, texts: frozenset[TextConcept]) -> list[SrItem]:
    """Return the content items, the root first, each before those below it.

    Parameters
    ----------
    tree : Tree
        The report, read with the tags of this module.
    reader : Reader
        Reads the values.
    texts : frozenset of TextConcept
        Whose text may be staged.
    """
    rows = [
        _read_item(place, number, reader, texts)
        for number, place in enumerate(_walk(tree.top), start=1)
    ]
    rows = _check_references(rows)
    root = rows[0]
    reason = root.reason_code
    if tree.is_too_long:
        reason = "too_many_items"
    elif tree.is_truncated:
        reason = "content_truncated"
    elif len(rows) == 1:
        reason = reason or "no_content"
    rows[0] = root._replace(reason_code=reason)
    return rows


def _walk(top: Item) -> Iterator[_Place]:
    stack = [_Place(top, "1", None, 0, top.charset or b"")]
    while stack:
        place = stack.pop()
        yield place
        below = [
            _Place(
                item,
                f"{place.path}.{number}",
                place.path,
                place.depth + 1,
                place.charset if item.charset is None else item.charset,
            )
            for number, item in enumerate(place.item.items.get(CONTENT_SEQUENCE, ()), start=1)
        ]
        stack.extend(reversed(below))


def _read_item(place: _Place, number: int, reader: Reader, texts: frozenset[TextConcept]) -> SrItem:
    item, charset = place.item, place.charset
    value_type = reader.term(item, VALUE_TYPE)
    referenced_path = ".".join(str(n) for n in reader.integers(item, REFERENCED_ITEM)) or None
    if value_type is None and referenced_path:
        value_type = "REFERENCE"
    concept = reader.code(item, CONCEPT_NAME, charset)
    value = reader.code(item, CONCEPT_CODE, charset)
    measured = _measured(item, reader)
    text, text_reason = _text(item, value_type, concept, charset, reader, texts)
    spoken = reader.decode(item, TEXT, charset) or reader.decode(item, PERSON, charset)
    sop, template = item.first(REFERENCED_SOP), item.first(TEMPLATE)
    instance = reader.uid(sop, REFERENCED_INSTANCE)
    reason = measured.reason if value_type == "NUM" else text_reason
    if value_type not in VALUE_TYPES:
        reason = "unknown_value_type"
    elif value_type in NAMED_TYPES and not (concept.code or concept.meaning):
        reason = "no_concept"
    elif item.is_cut:
        reason = "nesting_too_deep"
    elif (
        (value_type == "CODE" and not (value.code or value.meaning))
        or (value_type in REFERRING_TYPES and not instance)
        or (value_type in SPOKEN_TYPES and not spoken)
    ):
        reason = "no_value"
    observed_at, _ = _moment(reader.text(item, OBSERVED_AT, b""))
    return SrItem(
        path=place.path,
        parent_path=place.parent_path,
        item_number=number,
        depth=place.depth,
        relationship_type=reader.term(item, RELATIONSHIP),
        value_type=value_type,
        concept=concept,
        value=value,
        value_number=measured.number,
        value_number_text=measured.text,
        unit=reader.code(item.first(MEASURED), UNIT, charset),
        qualifier=reader.code(item, QUALIFIER, charset),
        value_text=text,
        text_length=len(spoken) or None,
        referenced_sop_class_uid=reader.uid(sop, REFERENCED_CLASS),
        referenced_sop_instance_uid=instance,
        referenced_frame_numbers=_joined(reader.integers(sop, REFERENCED_FRAMES)),
        referenced_segment_numbers=_joined(reader.integers(sop, REFERENCED_SEGMENTS)),
        referenced_path=referenced_path,
        graphic_type=reader.term(item, GRAPHIC_TYPE),
        referenced_frame_of_reference_uid=reader.uid(item, FRAME_OF_REFERENCE),
        template_id=reader.text(template, TEMPLATE_ID, b""),
        mapping_resource=reader.term(template, MAPPING_RESOURCE),
        continuity=reader.term(item, CONTINUITY),
        observation_datetime=observed_at,
        completion_flag=reader.term(item, COMPLETION) if number == 1 else None,
        verification_flag=reader.term(item, VERIFICATION) if number == 1 else None,
        reason_code=reason,
    )


def _joined(numbers: list[int]) -> str | None:
    return ",".join(str(n) for n in numbers) or None


class _Measured(NamedTuple):
    number: float | None
    text: str | None
    reason: str | None


def _measured(item: Item, reader: Reader) -> _Measured:
    """Return the number of a NUM item: the exact float where there is one, else the decimal."""
    found: list[Value] = []
    exact: list[Value] = []
    for measured in item.items.get(MEASURED, ()):
        found += reader.numbers(measured, NUMBER)
        exact += reader.numbers(measured, FLOAT)
    text = "\\".join(value.text or "" for value in found)[:MAX_NUMBER_TEXT] or None
    if len(found) > 1 or len(exact) > 1:
        return _Measured(None, text, "several_values")
    for value in (*exact, *found):
        if value.number is not None:
            return _Measured(value.number, text or value.text, None)
    bad = next((value.reason for value in (*found, *exact) if value.reason), None)
    return _Measured(None, text, bad or "no_value")


def _text(
    item: Item,
    value_type: str | None,
    concept: Code,
    charset: bytes,
    reader: Reader,
    texts: frozenset[TextConcept],
) -> tuple[str | None, str | None]:
    """Return what may be staged of a value that is text, and why there is none."""
    match value_type:
        case "TEXT":
            key = TextConcept(scheme_key(concept.scheme or ""), concept.code or "")
            return (reader.text(item, TEXT, charset) if key in texts else None), None
        case "UIDREF":
            uid = reader.uid(item, UID)
            bad = "invalid_uid" if UID in item.values else "no_value"
            return uid, None if uid else bad
        case "DATE":
            return _parsed(reader.text(item, DATE, b""), "DATE")
        case "TIME":
            return _parsed(reader.text(item, TIME, b""), "TIME")
        case "DATETIME":
            return _moment(reader.text(item, DATETIME, b""))
        case _:
            return None, None


def _parsed(text: str | None, value_type: str) -> tuple[str | None, str | None]:
    if text is None:
        return None, "no_value"
    try:
        return (parse_date(text).isoformat() if value_type == "DATE" else parse_time(text)), None
    except BadValueError as bad:
        return None, bad.reason


def _moment(text: str | None) -> tuple[str | None, str | None]:
    """Return a date and time in ISO form, as far as it goes, with its offset from UTC."""
    if text is None:
        return None, "no_value"
    try:
        date, time, offset = parse_datetime(text)
    except BadValueError as bad:
        return None, bad.reason
    if date is None:  # a year, or a year and a month
        digits = text.split("+")[0].split("-")[0]
        return "-".join(filter(None, (digits[:4], digits[4:]))), None
    shown = f"{date.isoformat()}T{time}" if time else date.isoformat()
    return (f"{shown}{offset[:3]}:{offset[3:]}" if time and offset else shown), None


def _check_references(rows: list[SrItem]) -> list[SrItem]:
    """Mark items that refer to one that is not there, or in a circle (PS3.3 A.35.3.3.1)."""
    targets = {r.path: r.referenced_path for r in rows if r.referenced_path}
    if not targets:
        return rows
    paths = {row.path for row in rows}
    checked = []
    for row in rows:
        reason = row.reason_code
        if row.referenced_path and row.referenced_path not in paths:
            reason = reason or "reference_not_found"
        elif row.referenced_path and _is_cyclic(row.path, targets):
            reason = reason or "cyclic_reference"
        checked.append(row._replace(reason_code=reason))
    return checked


def _is_cyclic(path: str, targets: dict[str, str]) -> bool:
    """Tell whether following references from an item leads back to it or to one above it."""
    at = path
    for _ in range(MAX_DEPTH):
        if at not in targets:
            return False
        at = targets[at]
        if f"{path}.".startswith(f"{at}."):
            return True
    return True  # in a circle that it is not part of, or too long a chain to follow
