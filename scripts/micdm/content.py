"""What an object says besides its header: the content of a report, segments, references.

It is read from the same bytes as the header, when there is any, and never pixel data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from micdm import references, segmentation, sr
from micdm.attributes import PER_FRAME_GROUPS
from micdm.dataset import Encoding
from micdm.items import Reader
from micdm.references import Reference
from micdm.segmentation import SEGMENT_SEQUENCE, Segment
from micdm.sr import CONTENT_SEQUENCE, SrItem
from micdm.texts import TextConcept
from micdm.tree import Tree, Wanted, read_tree

# Only that they are there is noted when the header is read.
MARKERS = (CONTENT_SEQUENCE, SEGMENT_SEQUENCE)
REPORT_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
# What precedes the frames is mostly short; what does not end within the most is not read.
FIRST_BYTES, MOST_BYTES = 1024 * 1024, 64 * 1024 * 1024

REPORT = Wanted(
    sr.VALUES | references.VALUES,
    sr.SEQUENCES | references.REPORT_SEQUENCES,
    counted=CONTENT_SEQUENCE,
)
SEGMENTATION = Wanted(
    segmentation.VALUES | references.VALUES,
    segmentation.SEQUENCES | references.SEGMENTATION_SEQUENCES,
    counted=SEGMENT_SEQUENCE,
    stop_at=PER_FRAME_GROUPS,
)
WITH_FRAMES = Wanted(SEGMENTATION.values, SEGMENTATION.sequences, SEGMENT_SEQUENCE)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data set of an object with content is: in a file that must still be open."""

    file: BinaryIO
    start: int
    size: int
    encoding: Encoding
    is_report: bool
    is_segmentation: bool


@dataclass(slots=True)
class Content:
    """The rows of one object, and the read flags that they raise."""

    items: list[SrItem] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


def is_report_class(sop_class_uid: str | None) -> bool:
    """Tell whether objects of the class must have content (PS3.4 B.5; reports, key objects)."""
    return (sop_class_uid or "").startswith(REPORT_CLASSES)


def read_content(source: Source, texts: frozenset[TextConcept]) -> Content:
    """Read the content of an object; never raises.

    Parameters
    ----------
    source : Source
        A report or a segmentation.
    texts : frozenset of TextConcept
        Whose text may be staged.
    """
    content = Content()
    reader = Reader(source.encoding.little, content.flags)
    if source.is_report:
        try:
            _read_report(source, reader, texts, content)
        except Exception:  # noqa: BLE001 - one bad report never stops a run
            content.flags.add("content_unreadable")
            content.items = [sr.unreadable()]
    if source.is_segmentation:
        try:
            _read_segmentation(source, reader, content)
        except Exception:  # noqa: BLE001 - as above
            content.flags.add("content_unreadable")
            content.segments = [segmentation.unreadable()]
    return content


def _read_report(
    source: Source, reader: Reader, texts: frozenset[TextConcept], content: Content
) -> None:
    if source.size - source.start > MOST_BYTES:
        raise ValueError("longer than any real report")
    tree = _read_tree(source, REPORT, content.flags)
    content.items = sr.read_items(tree, reader, texts)
    content.references += references.of_report(tree.top, reader)


def _read_segmentation(source: Source, reader: Reader, content: Content) -> None:
    tree = _read_tree(source, SEGMENTATION, content.flags)
    content.segments = segmentation.read_segments(tree.top, reader)
    found = references.of_segmentation(tree.top, reader)
    if not found and tree.at_stop:
        found = references.of_segmentation(
            _read_tree(source, WITH_FRAMES, content.flags).top, reader
        )
    content.references += found


def _read_tree(source: Source, wanted: Wanted, flags: set[str]) -> Tree:
    """Read the first part of the data set, and more only when what is wanted goes on after it.

    Reports go on to their end.
    """
    for most in (MOST_BYTES,) if source.is_report else (FIRST_BYTES, MOST_BYTES):
        source.file.seek(source.start)
        data = source.file.read(most)
        found: set[str] = set()
        tree = read_tree(data, source.encoding, wanted, found)
        if tree.at_stop or tree.is_too_long or source.start + len(data) >= source.size:
            break
    else:
        found.add("content_cut")
    flags |= found
    return tree
