"""The attribute list: which DICOM attributes are staged, and where they are kept.

The list is the dbt seed ``seeds/mapping/dicom_attribute.csv``. What is not on it is never staged,
so it is the privacy allow-list as well. A site adds or replaces rows with files of its own.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.datadict import tag_for_keyword

LEVELS = ("series", "instance")
VALUE_TYPES = ("number", "code", "text", "code_sequence")
MULTI_VALUES = ("each", "first")
REQUIRED_COLUMNS = ("path", "keyword", "tag", "vr", "level", "role", "value_type")

# What a coded item is made of (PS3.3 8.8): value (three forms), scheme and meaning.
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
LONG_CODE_VALUE, URN_CODE_VALUE = 0x00080119, 0x00080120
CODE_TAGS = (CODE_VALUE, LONG_CODE_VALUE, URN_CODE_VALUE, CODE_SCHEME, CODE_MEANING)

SHARED_GROUPS, PER_FRAME_GROUPS = 0x52009229, 0x52009230


class AttributeListError(ValueError):
    """The attribute list can't be used; the message says which row and why."""


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
    steps: tuple[int, ...]
    group_steps: tuple[tuple[int, ...], ...]

    @property
    def is_code_sequence(self) -> bool:
        """Tell whether a value is a coded item: value, scheme and meaning."""
        return self.value_type == "code_sequence"


class Node:
    """A tag that is wanted: a value when it has no children, else a sequence to look into."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        self.children: dict[int, Node] = {}


@dataclass(frozen=True, slots=True)
class AttributeList:
    """The attributes, and the tree of tags that reading them takes.

    `series` and `instance` are those that become element rows: identity has columns of its own.
    """

    attributes: tuple[Attribute, ...]
    series: tuple[Attribute, ...]
    instance: tuple[Attribute, ...]
    list_id: str
    tree: dict[int, Node] = field(compare=False)


def default_list_path() -> Path:
    """Return the seed: inside the package when installed from a wheel, else in the repository."""
    package = Path(__file__).resolve().parent
    inside = package / "seeds" / "mapping" / "dicom_attribute.csv"
    if inside.exists():
        return inside
    return package.parents[1] / "seeds" / "mapping" / "dicom_attribute.csv"


def load_attributes(
    extra: Iterable[Path] = (), *, base: Path | None = None, identity_tags: Iterable[int] = ()
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
        list_id=_digest(attributes),
        tree=_tree(attributes, identity_tags),
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

    path, tag, role = get("path"), get("tag").upper(), get("role")
    if not path:
        raise ValueError("the path is empty")
    try:
        leaf = int(tag, 16)
        if len(tag) != 8:
            raise ValueError
    except ValueError:
        raise ValueError(f"tag {tag!r} of {path} is not 8 hex digits") from None
    steps = (*_to_tags(path.split(".")[:-1]), leaf)
    groups = [g.strip() for g in get("functional_group_path").split("|") if g.strip()]
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
        keyword=get("keyword", path.rpartition(".")[2]),
        tag=tag,
        vr=get("vr").upper(),
        level=level,
        role=role,
        value_type=value_type,
        multi_value=multi_value,
        steps=steps,
        group_steps=tuple(_to_tags(g.split(".")) for g in groups),
    )


def _to_tags(keywords: Iterable[str]) -> tuple[int, ...]:
    tags = []
    for keyword in keywords:
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise ValueError(f"{keyword!r} is no DICOM keyword")
        tags.append(int(tag))
    return tuple(tags)


def _digest(attributes: Iterable[Attribute]) -> str:
    """Digest of all that decides what is extracted: a changed list re-reads the files."""
    digest = hashlib.blake2b(digest_size=16)
    for a in attributes:
        fields = (a.path, a.tag, a.vr, a.level, a.value_type, a.multi_value)
        line = "\t".join((*fields, str(a.role == "identity"), repr(a.group_steps)))
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _tree(attributes: Iterable[Attribute], identity_tags: Iterable[int]) -> dict[int, Node]:
    root: dict[int, Node] = {}
    for tag in identity_tags:
        root.setdefault(tag, Node())
    for attribute in attributes:
        if attribute.role == "identity":
            continue
        paths = [attribute.steps]
        for group in attribute.group_steps:
            paths += [(SHARED_GROUPS, *group), (PER_FRAME_GROUPS, *group)]
        for path in paths:
            level = root
            for tag in path:
                level = level.setdefault(tag, Node()).children
            if attribute.is_code_sequence:
                for tag in CODE_TAGS:
                    level.setdefault(tag, Node())
    return root
