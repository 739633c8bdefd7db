"""Stage pseudonyms: what tells who, where and when is replaced before a row is written.

Every column of the staged tables has its kind here, and `Pseudonyms.row` is the one place that all
rows go through. All that is made depends on a key that only the environment holds, and on the
value: the same key makes the same pseudonyms, in every run and for every site.
"""

from __future__ import annotations

import csv
import datetime as dt
import hmac
import io
import os
import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from pydicom._uid_dict import UID_dictionary

from micdm import values
from micdm.schema import SCHEMAS
from micdm.sources import show_path
from micdm.values import BadValueError

KEY_VARIABLE = "MICDM_PSEUDONYM_KEY"
LEAST_KEY_BYTES = 32
# Dates go back by 1 to so many days: into the past, where a date is plausible.
MOST_DAYS = 3_650
# Of dates that can't be real, what they were before the shift is easy to guess, and so the shift.
FIRST_IMAGE, FIRST_BIRTH = dt.date(1895, 11, 8), dt.date(1901, 1, 1)
MARKER = "pseudonyms"
REDACTED, IMPLAUSIBLE = "redacted", "implausible_date"

# Texts that name products or settings, not patients. Others are dropped unless the user keeps them.
TEXTS_KEPT = frozenset(
    {
        *("Manufacturer", "ManufacturerModelName", "SoftwareVersions"),
        *("ConvolutionKernel", "FilterType", "ImagedNucleus", "SequenceName"),
        *("PulseSequenceName", "ReceiveCoilName", "ReconstructionMethod"),
        *("AttenuationCorrectionMethod", "ScatterCorrectionMethod"),
    }
)
# The same of reports: concepts of DCM. Texts of other concepts on the list are hashed.
REPORT_TEXTS_KEPT = frozenset(
    {
        *("111000", "111001", "111003", "122405"),  # algorithm: family, name, version, manufacturer
        *("121014", "121015", "113878", "113879"),  # device: manufacturer, model
    }
)
ID_TAGS = {
    "00100020": "patient",  # Patient ID, that of Other Patient IDs Sequence too
    "00101000": "patient",  # Other Patient IDs, retired
    "00100021": "issuer",
    "00080050": "accession",
}
NUMBER_VRS = frozenset({*values.BINARY, "DS", "IS"}) - {"AT"}
TERM = re.compile(r"[A-Za-z0-9 _./&()+-]{1,16}", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class PseudonymError(Exception):
    """Pseudonyms can't be made; the message is one sentence for the user, without the key."""


class Kind(Enum):
    """What a column holds, and so what becomes of it."""

    KEPT = auto()  # keys, numbers, codes, and words of ours or of a checked form
    TERM = auto()  # a defined term: kept if it looks like one
    PRODUCT = auto()  # the name of a product: kept
    MEANING = auto()  # of the code in the column before: dropped if there is none
    NUMBER = auto()  # a number as text: dropped if it is none
    UID = auto()
    CLASS_UID = auto()  # of a class or a syntax: kept if it is a UID
    PATIENT = auto()
    ISSUER = auto()
    ACCESSION = auto()
    HASHED = auto()  # a text of which only that it is the same matters
    NAMED = auto()  # where a file is: replaced where it is found, as its id is made of it
    DATE = auto()
    BIRTH_DATE = auto()
    MOMENT = auto()
    ISO = auto()  # a date, or date and time, in ISO form
    DROPPED = auto()
    ROW = auto()  # depends on the others of the row


def _code(name: str) -> dict[str, Kind]:
    parts = {"scheme": Kind.KEPT, "code": Kind.KEPT, "meaning": Kind.MEANING}
    return {f"{name}_{part}": kind for part, kind in parts.items()}


def _all(kind: Kind, *names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, kind)


_FILE = {
    **_all(Kind.NAMED, "uri", "container_member"),
    **_all(Kind.KEPT, "file_size"),
    **_all(Kind.MOMENT, "file_mtime"),
}
_ELEMENT = {
    **_all(Kind.KEPT, "tag", "keyword", "vr", "path", "item", "position", "value_count"),
    **_all(Kind.ROW, "value_text", "value_number", "value_key", "coding_scheme", "code_meaning"),
    **_all(Kind.ROW, "reason_code"),
}
_RESULT = _all(Kind.KEPT, "run_id", "file_number", "result_row")

COLUMNS: dict[str, dict[str, Kind]] = {
    "dicom_instance": {
        **_all(Kind.KEPT, "run_id", "file_id"),
        **_FILE,
        **_all(Kind.CLASS_UID, "transfer_syntax_uid", "sop_class_uid"),
        **_all(Kind.UID, "sop_instance_uid", "series_instance_uid", "study_instance_uid"),
        "patient_id": Kind.PATIENT,
        "issuer_of_patient_id": Kind.ISSUER,
        "accession_number": Kind.ACCESSION,
        **_all(Kind.TERM, "modality", "patient_sex"),
        **_all(Kind.DATE, "study_date", "series_date", "acquisition_date", "content_date"),
        **_all(Kind.KEPT, "study_time", "series_time", "acquisition_time", "content_time"),
        "patient_birth_date": Kind.BIRTH_DATE,
        **_all(Kind.KEPT, "timezone_offset_from_utc", "patient_age", "instance_number"),
        **_all(Kind.KEPT, "number_of_frames", "header_id", "read_flags"),
    },
    "dicom_header_element": {**_all(Kind.KEPT, "run_id", "header_id"), **_ELEMENT},
    "dicom_instance_element": {**_all(Kind.KEPT, "run_id", "file_id"), **_ELEMENT},
    "dicom_sr_item": {
        **_all(Kind.KEPT, "run_id", "file_id", "path", "parent_path", "item_number", "depth"),
        **_all(Kind.TERM, "relationship_type", "value_type"),
        **_code("concept"),
        **_code("value"),
        **_all(Kind.KEPT, "value_number"),
        **_all(Kind.NUMBER, "value_number_text"),
        **_code("unit"),
        **_code("qualifier"),
        **_all(Kind.ROW, "value_text", "text_length", "reason_code"),
        "referenced_sop_class_uid": Kind.CLASS_UID,
        **_all(Kind.UID, "referenced_sop_instance_uid", "referenced_frame_of_reference_uid"),
        **_all(Kind.KEPT, "referenced_frame_numbers", "referenced_segment_numbers"),
        **_all(Kind.KEPT, "referenced_path"),
        **_all(Kind.TERM, "graphic_type", "template_id", "mapping_resource", "continuity"),
        **_all(Kind.TERM, "completion_flag", "verification_flag"),
        "observation_datetime": Kind.ISO,
    },
    "dicom_reference": {
        **_all(Kind.KEPT, "run_id", "file_id", "kind", "instance_count"),
        **_all(Kind.UID, "study_instance_uid", "series_instance_uid", "sop_instance_uid"),
        "sop_class_uid": Kind.CLASS_UID,
    },
    "dicom_segment": {
        **_all(Kind.KEPT, "run_id", "file_id", "segment_number", "reason_code"),
        **_code("category"),
        **_code("type"),
        **_code("type_modifier"),
        **_code("region"),
        **_code("region_modifier"),
        "algorithm_type": Kind.TERM,
        **_all(Kind.PRODUCT, "algorithm_name", "algorithm_version", "algorithm_source"),
        **_all(Kind.HASHED, "algorithm_parameters", "tracking_identifier"),
        **_code("algorithm_family"),
        "tracking_uid": Kind.UID,
    },
    "dicom_rejected": {
        **_all(Kind.KEPT, "run_id", "file_id", "reason_code", "message"),
        **_FILE,
    },
    "extract_run": {
        **_all(Kind.KEPT, "run_id", "micdm_version", "started_at", "finished_at", "files"),
        **_all(Kind.KEPT, "instances", "rejected", "non_dicom", "unchanged", "deleted", "series"),
        **_all(Kind.KEPT, "exit_reason", "attribute_list_id"),
        "arguments": Kind.NAMED,
    },
    "algorithm_result": {
        **_RESULT,
        **_all(Kind.UID, "series_instance_uid", "study_instance_uid", "sop_instance_uid"),
        **_all(Kind.UID, "tracking_uid"),
        **_all(Kind.HASHED, "finding_key", "lesion_key", "algorithm_parameters"),
        **_all(Kind.KEPT, "finding_scheme", "finding_code", "feature_scheme", "feature_code"),
        **_all(Kind.KEPT, "operator", "value_number", "unit", "value_scheme", "value_code"),
        **_all(Kind.KEPT, "site_scheme", "site_code", "laterality"),
        "value_number_text": Kind.NUMBER,
        "value_text": Kind.MEANING,
        **_all(Kind.PRODUCT, "algorithm_vendor", "algorithm_name", "algorithm_version"),
        # Whose result it is, and so by how much to shift, a file of results does not say.
        **_all(Kind.DROPPED, "result_datetime", "result_offset"),
    },
    "algorithm_result_rejected": {**_RESULT, **_all(Kind.KEPT, "column_name", "reason_code")},
    "algorithm_result_load": {
        **_all(Kind.KEPT, "run_id", "file_number", "file_size", "micdm_version", "loaded_at"),
        **_all(Kind.KEPT, "result_rows", "accepted", "rejected"),
        "uri": Kind.NAMED,
        "file_digest": Kind.HASHED,
    },
}


def read_key() -> bytes:
    """Return the key from the environment.

    Raises
    ------
    PseudonymError
        When there is none, or one that can be guessed.
    """
    key = os.environb.get(KEY_VARIABLE.encode(), b"")
    if not key:
        raise PseudonymError(f"Pseudonyms need a key in the environment variable {KEY_VARIABLE}.")
    if len(key.strip()) < LEAST_KEY_BYTES:
        raise PseudonymError(
            f"The key in {KEY_VARIABLE} is too short: it takes {LEAST_KEY_BYTES} random bytes."
        )
    return key.strip()


class Pseudonyms:
    """Makes pseudonyms with a key, which is never shown."""

    def __init__(self, key: bytes, keep_texts: Iterable[str] = ()) -> None:
        self._key = key
        self.texts = TEXTS_KEPT | frozenset(keep_texts)
        self._folders: dict[str, str] = {}
        self._cells: dict[Kind, Callable[[Any, int | None], object]] = {
            Kind.TERM: lambda cell, _: cell if TERM.fullmatch(cell) else None,
            Kind.NUMBER: lambda cell, _: cell if values.DECIMAL.fullmatch(cell) else None,
            Kind.UID: lambda cell, _: self.uid(cell),
            Kind.CLASS_UID: lambda cell, _: cell if values.is_valid_uid(cell) else self.uid(cell),
            Kind.PATIENT: lambda cell, _: self.identifier("patient", cell),
            Kind.ISSUER: lambda cell, _: self.identifier("issuer", cell),
            Kind.ACCESSION: lambda cell, _: self.identifier("accession", cell),
            Kind.HASHED: lambda cell, _: self.identifier("text", cell),
            Kind.DATE: lambda cell, days: _shifted(cell, days, FIRST_IMAGE),
            Kind.BIRTH_DATE: lambda cell, days: _shifted(cell, days, FIRST_BIRTH),
            Kind.MOMENT: _earlier,
            Kind.ISO: _iso,
            Kind.DROPPED: lambda _, __: None,
        }
        self._tables = {
            table: [COLUMNS[table][name] for name in schema.names]
            for table, schema in SCHEMAS.items()
        }

    def __repr__(self) -> str:
        return "Pseudonyms()"

    def __reduce__(self) -> tuple[object, ...]:
        return Pseudonyms, (self._key, self.texts)

    def _digest(self, kind: str, text: str) -> bytes:
        message = f"{kind}:{text}".encode("utf-8", "surrogateescape")
        return hmac.digest(self._key, message, "sha256")

    @property
    def key_id(self) -> str:
        """What tells one key from another, and nothing about either."""
        return self._digest("key", "").hex()[:32]

    def identifier(self, kind: str, text: str) -> str:
        """Return 32 hex digits for an id or text; the kind is part of what is hashed."""
        return self._digest(kind, text).hex()[:32]

    def uid(self, text: str) -> str:
        """Return a UID under 2.25 (PS3.5 B.2); those that the standard registers stay."""
        if text in UID_dictionary:
            return text
        return f"2.25.{int.from_bytes(self._digest('uid', text)[:16])}"

    def days(self, patient_id: str) -> int:
        """Return by how many days the dates of a patient are earlier: 1 to `MOST_DAYS`."""
        return int.from_bytes(self._digest("days", patient_id)[:8]) % MOST_DAYS + 1

    def path(self, path: str) -> str:
        """Return a path of pseudonyms. What is in one folder still is."""
        folder, slash, name = path.rpartition("/")
        if not name:
            return path
        above = self._folders.get(folder)
        if above is None:
            if len(self._folders) > 100_000:
                self._folders.clear()
            above = self._folders[folder] = self.path(folder)
        return f"{above}{slash}{self._digest('path', path).hex()[:16]}"

    def member(self, uri: str, member: str | None) -> str | None:
        """Return the pseudonym of a file in an archive."""
        return None if member is None else self.identifier("path", f"{uri}\0{member}")

    def header_id(self, header_id: str, days: int | None) -> str:
        """Return the id of a header; one with dates is no patient's but that one's."""
        return self.identifier("header", f"{header_id}\0{days or ''}")

    def row(
        self, table: str, row: Sequence[object], days: int | None = None
    ) -> list[Sequence[object]]:
        """Return the row without what identifies, and after it rows on values that it lost.

        Parameters
        ----------
        table : str
            The staged table.
        row : sequence
            A value for each of its columns.
        days : int, optional
            By how many days the dates of the patient are earlier; without, dates are dropped.
        """
        made: list[object] = []
        for cell, kind in zip(row, self._tables[table], strict=True):
            if cell is None or kind not in self._cells:
                keep = kind is not Kind.MEANING or (made and made[-1] is not None)
                made.append(cell if keep else None)
            else:
                made.append(self._cells[kind](cell, days))
        if table in ("dicom_header_element", "dicom_instance_element"):
            self._element(made, days)
        elif table == "dicom_sr_item":
            self._report_item(row, made, days)
        elif table == "dicom_instance":
            return [made, *_lost_dates(row, made)]
        return [made]

    def _element(self, row: list[object], days: int | None) -> None:
        """Replace the value of an element, by its tag and VR; what can't be kept says so."""
        columns = dict(zip(ELEMENT_COLUMNS, row[2:], strict=True))
        if columns["reason_code"] is not None:
            changed: dict[str, object] = {"value_text": None, "value_key": None}
            changed |= {"code_meaning": None}
        else:
            try:
                changed = self._value(columns, days)
            except BadValueError as bad:
                changed = {
                    **dict.fromkeys(("value_text", "value_number", "value_key")),
                    **dict.fromkeys(("coding_scheme", "code_meaning")),
                    "reason_code": bad.reason,
                }
        row[2:] = (columns | changed).values()

    def _value(self, element: dict[str, object], days: int | None) -> dict[str, object]:
        """Return what changes of a good value.

        The VR is that of the list, so values of a file that has another are looked at again.
        """
        text, vr = str(element["value_text"]), str(element["vr"])
        kind = ID_TAGS.get(str(element["tag"]))
        made: str
        if vr == "SQ":
            if element["value_text"] is None:
                raise BadValueError(REDACTED)
            return {}
        if vr in NUMBER_VRS and element["value_number"] is not None:
            return {}
        if kind:
            made = self.identifier(kind, text)
        elif vr == "UI":
            made = self.uid(text)
        elif vr in ("DA", "DT"):
            made = _dicom_date(text, days)
            key = values.text_key(made, vr)
            return {"value_text": made, "value_key": key, "value_number": None}
        elif vr in ("TM", "AS"):
            values.text_key(text, vr)  # raises if it is none
            return {}
        else:
            is_term = vr == "CS" and TERM.fullmatch(text)
            if not is_term and (vr in NUMBER_VRS or element["path"] not in self.texts):
                raise BadValueError(REDACTED)
            return {}
        return {"value_text": made, "value_key": made, "value_number": None}

    def _report_item(self, row: Sequence[object], made: list[object], days: int | None) -> None:
        """Replace the text of a report item by its value type."""
        place = {name: n for n, name in enumerate(SCHEMAS["dicom_sr_item"].names)}
        kind, text = row[place["value_type"]], row[place["value_text"]]
        if kind == "PNAME":
            made[place["text_length"]] = None
        meaning = place["value_meaning"]
        lost = row[meaning] is not None and made[meaning] is None
        if isinstance(text, str):
            new: object = None
            if kind == "TEXT":
                is_product = row[place["concept_code"]] in REPORT_TEXTS_KEPT
                new = text if is_product else self.identifier("text", text)
            elif kind == "UIDREF":
                new = self.uid(text)
            elif kind in ("DATE", "DATETIME"):
                new = _iso(text, days)
            elif kind == "TIME":
                new = text
            made[place["value_text"]] = new
            lost = lost or new is None
        if lost and made[place["reason_code"]] is None:
            made[place["reason_code"]] = REDACTED


ELEMENT_COLUMNS = SCHEMAS["dicom_header_element"].names[2:]
_LOST = {
    name: (tag, keyword)
    for name, tag, keyword in (
        ("study_date", "00080020", "StudyDate"),
        ("series_date", "00080021", "SeriesDate"),
        ("acquisition_date", "00080022", "AcquisitionDate"),
        ("content_date", "00080023", "ContentDate"),
        ("patient_birth_date", "00100030", "PatientBirthDate"),
    )
}


def _lost_dates(row: Sequence[object], made: Sequence[object]) -> list[Sequence[object]]:
    """Return a row of `dicom_instance_element` for each date that was dropped."""
    lost: list[Sequence[object]] = []
    for column, before, after in zip(SCHEMAS["dicom_instance"].names, row, made, strict=True):
        if column in _LOST and before is not None and after is None:
            tag, keyword = _LOST[column]
            value = (None, None, None, None, None, IMPLAUSIBLE)
            lost.append((*row[:2], tag, keyword, "DA", keyword, 0, 0, 1, *value))
    return lost


def _shifted(date: dt.date, days: int | None, first: dt.date) -> dt.date | None:
    last = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    if days is None or not first <= date <= last:
        return None
    return date - dt.timedelta(days=days)


def _earlier(moment: dt.datetime, days: int | None) -> dt.datetime | None:
    try:
        return None if days is None else moment - dt.timedelta(days=days)
    except OverflowError:
        return None


def _iso(text: str, days: int | None) -> str | None:
    """Shift a text that begins with a date; a year or month alone can't be shifted by days."""
    if not ISO_DATE.match(text):
        return None
    date = _shifted(dt.date.fromisoformat(text[:10]), days, FIRST_IMAGE)
    return None if date is None else date.isoformat() + text[10:]


def _dicom_date(text: str, days: int | None) -> str:
    """Shift a DA or DT."""
    match = values.DATE.match(text)
    digits = match.group().replace(".", "") if match else ""
    rest = text[match.end() :] if match else ""
    date = _shifted(values.parse_date(digits), days, FIRST_IMAGE) if digits else None
    if date is None:
        raise BadValueError(REDACTED)
    return f"{date:%Y%m%d}{rest}"


def shown_path(path: str, pseudonyms: Pseudonyms | None) -> str:
    """Return a path as the tables have it."""
    plain = show_path(path)
    return plain if pseudonyms is None else pseudonyms.path(plain)


def claim(out: Path, pseudonyms: Pseudonyms | None) -> None:
    """See to it that a staged folder has pseudonyms of one key, or none.

    Raises
    ------
    PseudonymError
        When it holds what was staged otherwise.
    """
    marker = out / MARKER
    known = marker.read_text(encoding="ascii", errors="replace") if marker.exists() else None
    if pseudonyms is None:
        if known is not None:
            raise PseudonymError(
                f"What is staged in {out} are pseudonyms: add --pseudonyms, or use another folder."
            )
        return
    if known is None:
        parts = (part for table in SCHEMAS for part in (out / table).glob("*.parquet"))
        if any(part.name != "empty.parquet" for part in parts):
            raise PseudonymError(
                f"What is staged in {out} are no pseudonyms: use another folder for them."
            )
        hidden = out / f".{MARKER}.tmp"
        hidden.write_text(pseudonyms.key_id, encoding="ascii")
        hidden.replace(marker)
    elif known != pseudonyms.key_id:
        raise PseudonymError(
            f"What is staged in {out} are pseudonyms of another key than that in {KEY_VARIABLE}."
        )


def convert(kind: str, column: str | None, source: BinaryIO, target: TextIO) -> None:
    """Replace the values of a CSV column, or each line, by what `kind` makes of them.

    Blanks at the ends do not count, as in headers; what is empty stays so.

    Raises
    ------
    PseudonymError
        When the kind, the key or the column is wrong, or the text is not UTF-8.
    """
    pseudonyms = Pseudonyms(read_key())
    made: dict[str, Callable[[str], str]] = {
        "patient": lambda text: pseudonyms.identifier("patient", text),
        "issuer": lambda text: pseudonyms.identifier("issuer", text),
        "accession": lambda text: pseudonyms.identifier("accession", text),
        "uid": pseudonyms.uid,
        "days": lambda text: str(pseudonyms.days(text)),
    }
    if kind not in made:
        raise PseudonymError(f"There is no kind of that name: it is one of {', '.join(made)}.")

    def replaced(text: str) -> str:
        text = text.strip()
        return made[kind](text) if text else ""

    lines = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        if column is None:
            for line in lines:
                target.write(replaced(line) + "\n")
            return
        rows = csv.reader(lines, strict=True)
        header = next(rows, [])
        if column not in header:
            raise PseudonymError("The CSV on stdin has no column of that name.")
        place = header.index(column)
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            if len(row) != len(header):
                raise PseudonymError(
                    f"Line {rows.line_num} of the CSV has not as many cells as its header."
                )
            writer.writerow([*row[:place], replaced(row[place]), *row[place + 1 :]])
    except (UnicodeDecodeError, csv.Error):
        raise PseudonymError("What is on stdin can't be read as UTF-8 text.") from None
