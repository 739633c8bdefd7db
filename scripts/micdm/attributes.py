"""The attribute list: which DICOM attributes are staged, and where they are kept.

The list is the dbt seed ``seeds/mapping/dicom_attribute.csv``. What is not on it is never staged,
so it is the privacy allow-list as well. A site adds or replaces rows with files of its own.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydicom.datadict import tag_for_keyword

from micdm.seeds import SeedError, seed_path
from micdm.texts import TextConcept
from micdm.values import KNOWN_VRS

LEVELS = ("series", "instance")
VALUE_TYPES = ("number", "code", "text", "code_sequence")
MULTI_VALUES = ("each", "first")
REQUIRED_COLUMNS = ("path", "keyword", "tag", "vr", "level", "role", "value_type")

# What a coded item is made of (PS3.3 8.8): value (three forms), scheme and meaning.
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
LONG_CODE_VALUE, URN_CODE_VALUE = 0x00080119, 0x00080120
CODE_TAGS = (CODE_VALUE, LONG_CODE_VALUE, URN_CODE_VALUE, CODE_SCHEME, CODE_MEANING)

SHARED_GROUPS, PER_FRAME_GROUPS = 0x52009229, 0x52009230

# A path is made of steps with dots between; a step is a keyword or a private attribute. Creator
# names may have dots and bars of their own, so only those outside brackets divide.
KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
PRIVATE_STEP = re.compile(r"\[([^\[\]]*)\]([0-9A-F]{4}),xx([0-9A-F]{2})")
DOT, BAR = (re.compile(rf"[{mark}](?![^\[\]]*\])") for mark in ".|")
NOT_PRIVATE_GROUPS = (0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF)
MAX_CREATOR = 64


class AttributeListError(SeedError):
    """The attribute list can't be used; the message says which row and why."""


class PrivateTag(NamedTuple):
    """A private attribute (PS3.5 7.8.1): which block its element is in, only the file can tell."""

    group: int
    creator: str
    element: int

    def __str__(self) -> str:
        return f"{self.group:04X}xx{self.element:02X}"


Step = int | PrivateTag


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row of the list. `steps` and `group_steps` are its paths as tags."""

    path: str
    keyword: str
    tag: str
    vr: str
    level: str
    role: str
    value_type: str
    multi_value: str
    steps: tuple[Step, ...]
    group_steps: tuple[tuple[Step, ...], ...]

    @property
    def is_code_sequence(self) -> bool:
        """Tell whether a value is a coded item: value, scheme and meaning."""
        return self.value_type == "code_sequence"


class Node:
    """What is wanted of a tag: its value, or, when there is something below, a look inside.

    The root is the data set. `private` holds the private attributes by group. Of a marker only
    that it is there is wanted.
    """

    __slots__ = ("children", "is_marker", "private")

    def __init__(self) -> None:
        self.is_marker = False
        self.children: dict[int, Node] = {}
        self.private: dict[int, dict[PrivateTag, Node]] = {}

    @property
    def is_value(self) -> bool:
        """Tell whether nothing is wanted below."""
        return not self.children and not self.private

    def below(self, step: Step) -> Node:
        """Return the node of a step, made when it is new."""
        if isinstance(step, PrivateTag):
            return self.private.setdefault(step.group, {}).setdefault(step, Node())
        return self.children.setdefault(step, Node())


@dataclass(frozen=True, slots=True)
class AttributeList:
    """The attributes, and the tree of tags that reading them takes.

    `series` and `instance` are those that become element rows: identity has columns of its own.
    `texts` are the concepts whose text is staged from reports.
    """

    attributes: tuple[Attribute, ...]
    series: tuple[Attribute, ...]
    instance: tuple[Attribute, ...]
    texts: frozenset[TextConcept]
    list_id: str
    tree: Node = field(compare=False)


def default_list_path() -> Path:
    """Return the seed."""
    return seed_path("dicom_attribute")


def load_attributes(
    extra: Iterable[Path] = (),
    *,
    base: Path | None = None,
    identity_tags: Iterable[int] = (),
    markers: Iterable[int] = (),
    texts: frozenset[TextConcept] = frozenset(),
) -> AttributeList:
    """Read the list and the site's files; a later row with the same path replaces the earlier.

    Parameters
    ----------
    extra : iterable of Path
        CSV files with the columns of the seed.
    base : Path, optional
        Another list to use instead of the seed.
    identity_tags : iterable of int
        Top-level tags to read besides, whatever the list says.
    markers : iterable of int
        Top-level sequences of which only that they are there matters.
    texts : frozenset of TextConcept
        The concepts whose text is staged from reports.

    Raises
    ------
    AttributeListError
        When a file is missing or a row makes no sense.
    """
    rows: dict[str, Attribute] = {}
    for source in (base or default_list_path(), *extra):
        for attribute in _read_file(source):
            rows[attribute.path] = attribute
    attributes = tuple(rows.values())
    staged = [a for a in attributes if a.role != "identity"]
    return AttributeList(
        attributes=attributes,
        series=tuple(a for a in staged if a.level == "series"),
        instance=tuple(a for a in staged if a.level == "instance"),
        texts=texts,
        list_id=_digest(attributes, texts),
        tree=_tree(attributes, identity_tags, markers),
    )


def _read_file(source: Path) -> Iterator[Attribute]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [c for c in REQUIRED_COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise AttributeListError(f"{source}: no column {', '.join(missing)}")
            for row in reader:
                try:
                    yield _parse_row(row)
                except ValueError as error:
                    raise AttributeListError(f"{source} line {reader.line_num}: {error}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AttributeListError(f"{source}: {error}") from error


def _parse_row(row: Mapping[str, str | None]) -> Attribute:
    def get(column: str, default: str = "") -> str:
        return (row.get(column) or "").strip() or default

    path, role, vr = get("path"), get("role"), get("vr").upper()
    if not path:
        raise ValueError("the path is empty")
    *_, last = steps = _parse_path(path, leaf=get("tag"))
    keyword = get("keyword", DOT.split(path)[-1])
    if not KEYWORD.fullmatch(keyword):
        raise ValueError(f"keyword {keyword!r} of {path} is not made of letters and digits")
    if isinstance(last, PrivateTag) and vr not in KNOWN_VRS - {"UN"}:
        raise ValueError(f"vr {vr!r} of {path} must be a known one: files often don't have it")
    groups = [g.strip() for g in BAR.split(get("functional_group_path")) if g.strip()]
    value_type = get("value_type", "text")
    level, multi_value = get("level", "series"), get("multi_value", "each")
    for column, value, allowed in (
        ("level", level, LEVELS),
        ("value_type", value_type, VALUE_TYPES),
        ("multi_value", multi_value, MULTI_VALUES),
    ):
        if value not in allowed:
            raise ValueError(f"{column} {value!r} of {path} is none of {', '.join(allowed)}")
    return Attribute(
        path=path,
        keyword=keyword,
        tag=str(last) if isinstance(last, PrivateTag) else f"{last:08X}",
        vr=vr,
        level=level,
        role=role,
        value_type=value_type,
        multi_value=multi_value,
        steps=steps,
        group_steps=tuple(_parse_path(g) for g in groups),
    )


def _parse_path(path: str, leaf: str | None = None) -> tuple[Step, ...]:
    """Return the steps of a path; `leaf`, the tag of the row, stands for a standard last step."""
    *above, last = DOT.split(path)
    steps = [_parse_step(step, path) for step in above]
    if leaf is None:
        return (*steps, _parse_step(last, path))
    if last.startswith("[") or not KEYWORD.fullmatch(last):
        step = _parse_step(last, path)
        if leaf != str(step):
            raise ValueError(f"tag {leaf!r} of {path} is not {step}")
        return (*steps, step)
    if not re.fullmatch(r"[0-9A-Fa-f]{8}", leaf):
        raise ValueError(f"tag {leaf!r} of {path} is not 8 hex digits")
    # A keyword that pydicom does not know yet is fine: the row has its tag.
    known = tag_for_keyword(last)
    if known not in (None, int(leaf, 16)):
        raise ValueError(f"tag {leaf!r} of {path} is not that of {last}, {known:08X}")
    return (*steps, int(leaf, 16))


def _parse_step(step: str, path: str) -> Step:
    if KEYWORD.fullmatch(step):
        tag = tag_for_keyword(step)
        if tag is None:
            raise ValueError(f"{step!r} is no DICOM keyword")
        return int(tag)
    match = PRIVATE_STEP.fullmatch(step)
    if not match:
        raise ValueError(
            f"{step!r} in the path {path!r} is neither a keyword nor [CREATOR]gggg,xxee"
            " with upper-case hex digits"
        )
    creator, group = match.group(1), int(match.group(2), 16)
    if creator != creator.strip() or not creator.isascii() or not 0 < len(creator) <= MAX_CREATOR:
        raise ValueError(
            f"the creator {creator!r} in the path {path!r} is not 1 to {MAX_CREATOR} ASCII"
            " characters without blanks at its ends"
        )
    if not group % 2 or group in NOT_PRIVATE_GROUPS:
        raise ValueError(f"group {group:04X} in the path {path!r} is no private group")
    return PrivateTag(group, creator, int(match.group(3), 16))


def _digest(attributes: Iterable[Attribute], texts: Iterable[TextConcept]) -> str:
    """Digest of all that decides what is extracted: a changed list re-reads the files."""
    digest = hashlib.blake2b(digest_size=16)
    for a in attributes:
        fields = (a.path, a.tag, a.vr, a.level, a.value_type, a.multi_value)
        line = "\t".join((*fields, str(a.role == "identity"), repr(a.group_steps)))
        digest.update(line.encode() + b"\n")
    for concept in sorted(texts):
        digest.update("\t".join(concept).encode() + b"\n")
    return digest.hexdigest()


def _tree(
    attributes: Iterable[Attribute], identity_tags: Iterable[int], markers: Iterable[int]
) -> Node:
    root = Node()
    for tag in identity_tags:
        root.below(tag)
    for tag in markers:
        root.below(tag).is_marker = True
    for attribute in attributes:
        if attribute.role == "identity":
            continue
        paths = [attribute.steps]
        for group in attribute.group_steps:
            paths += [(SHARED_GROUPS, *group), (PER_FRAME_GROUPS, *group)]
        for path in paths:
            node = root
            for step in path:
                node = node.below(step)
            if attribute.is_code_sequence:
                for tag in CODE_TAGS:
                    node.below(tag)
    return root
