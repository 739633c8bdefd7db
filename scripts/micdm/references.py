"""What an object refers to: the evidence of a report, the images of a segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from micdm.attributes import PER_FRAME_GROUPS, SHARED_GROUPS
from micdm.items import Reader
from micdm.tree import Item

STUDY, SERIES = 0x0020000D, 0x0020000E
REFERENCED_SERIES, REFERENCED_SOP, REFERENCED_INSTANCES = 0x00081115, 0x00081199, 0x0008114A
SOP_CLASS, SOP_INSTANCE = 0x00081150, 0x00081155
OTHER_STUDIES = 0x00081200
DERIVATION, SOURCE_IMAGE = 0x00089124, 0x00082112
EVIDENCE = {
    0x0040A375: "evidence",
    0x0040A385: "other_evidence",
    0x0040A360: "predecessor",
    0x0040A525: "identical",
}

VALUES = frozenset({STUDY, SERIES, SOP_CLASS, SOP_INSTANCE})
REPORT_SEQUENCES = frozenset({*EVIDENCE, REFERENCED_SERIES, REFERENCED_SOP})
SEGMENTATION_SEQUENCES = frozenset(
    {
        *(REFERENCED_SERIES, REFERENCED_INSTANCES, OTHER_STUDIES, DERIVATION, SOURCE_IMAGE),
        *(SHARED_GROUPS, PER_FRAME_GROUPS),
    }
)


class Reference(NamedTuple):
    """One row of ``dicom_reference``, without the run and the file."""

    kind: str
    study_instance_uid: str | None
    series_instance_uid: str | None
    sop_class_uid: str | None
    sop_instance_uid: str | None
    instance_count: int


def of_report(top: Item, reader: Reader) -> list[Reference]:
    """Return the instances that a report names as evidence, and the reports that it follows."""
    found = []
    for tag, kind in EVIDENCE.items():
        for study in top.items.get(tag, ()):
            study_uid = reader.uid(study, STUDY)
            for series in study.items.get(REFERENCED_SERIES, ()):
                where = (kind, study_uid, reader.uid(series, SERIES))
                instances = series.items.get(REFERENCED_SOP, [])
                if not instances:
                    found.append(Reference(*where, None, None, 0))
                found += [Reference(*where, *_instance(i, reader), 1) for i in instances]
    return list(dict.fromkeys(found))


def of_segmentation(top: Item, reader: Reader) -> list[Reference]:
    """Return the series that were segmented, else the images that the frames were made from."""
    found = [_series(s, reader.uid(top, STUDY), reader) for s in _items(top, REFERENCED_SERIES)]
    for study in _items(top, OTHER_STUDIES):
        uid = reader.uid(study, STUDY)
        found += [_series(s, uid, reader) for s in _items(study, REFERENCED_SERIES)]
    series = [row for row in dict.fromkeys(found) if row.series_instance_uid]
    if series:
        return series
    places = [top, *_items(top, SHARED_GROUPS), *_items(top, PER_FRAME_GROUPS)]
    instances = (_instance(image, reader) for place in places for image in _sources(place))
    distinct = dict.fromkeys(i for i in instances if i[1])
    return [Reference("source_image", None, None, *instance, 1) for instance in distinct]


def _items(item: Item, tag: int) -> Iterable[Item]:
    return item.items.get(tag, ())


def _series(series: Item, study: str | None, reader: Reader) -> Reference:
    instances = _items(series, REFERENCED_INSTANCES)
    distinct = dict.fromkeys(_instance(i, reader) for i in instances)
    classes = dict.fromkeys(sop_class for sop_class, _ in distinct if sop_class)
    sop_class = next(iter(classes)) if len(classes) == 1 else None
    uid = reader.uid(series, SERIES)
    return Reference("segmented_series", study, uid, sop_class, None, len(distinct))


def _sources(place: Item) -> Iterator[Item]:
    yield from _items(place, SOURCE_IMAGE)
    for derivation in _items(place, DERIVATION):
        yield from _items(derivation, SOURCE_IMAGE)


def _instance(item: Item, reader: Reader) -> tuple[str | None, str | None]:
    return reader.uid(item, SOP_CLASS), reader.uid(item, SOP_INSTANCE)
