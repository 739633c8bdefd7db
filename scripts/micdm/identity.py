"""The columns of ``dicom_instance`` that say what an object is, whose it is and when it was made.

A value that breaks its VR becomes NULL here and a rejected element row, so that no invalid date
turns into "no date" unnoticed. UIDs and patient ids are kept as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydicom.datadict import keyword_for_tag
from pydicom.uid import UID

from micdm import values
from micdm.values import BadValueError, Charset

T = TypeVar("T")

SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID = 0x0020000D, 0x0020000E
ACQUISITION_DATETIME, TIMEZONE_OFFSET, MODALITY = 0x0008002A, 0x00080201, 0x00080060

# One of these must be there, or nothing says what the object is.
TELLING = (SOP_CLASS_UID, STUDY_INSTANCE_UID, MODALITY)

VR_OF = {
    SOP_CLASS_UID: "UI",
    SOP_INSTANCE_UID: "UI",
    STUDY_INSTANCE_UID: "UI",
    SERIES_INSTANCE_UID: "UI",
    0x00080020: "DA",  # Study Date
    0x00080021: "DA",  # Series Date
    0x00080022: "DA",  # Acquisition Date
    0x00080023: "DA",  # Content Date
    ACQUISITION_DATETIME: "DT",
    0x00080030: "TM",  # Study Time
    0x00080031: "TM",  # Series Time
    0x00080032: "TM",  # Acquisition Time
    0x00080033: "TM",  # Content Time
    0x00080050: "SH",  # Accession Number
    MODALITY: "CS",
    TIMEZONE_OFFSET: "SH",
    0x00100020: "LO",  # Patient ID
    0x00100021: "LO",  # Issuer of Patient ID
    0x00100030: "DA",  # Patient's Birth Date
    0x00100040: "CS",  # Patient's Sex
    0x00101010: "AS",  # Patient's Age
    0x00200013: "IS",  # Instance Number
    0x00280008: "IS",  # Number of Frames
}

# Defined terms of Modality, the retired ones too (PS3.3 C.7.3.1.1.1).
MODALITIES = frozenset(
    """
    ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC
    HD IO IOL IVOCT IVUS KER KO LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA
    PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT
    RWV SC SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC
    AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPR ST VF
    """.split()  # noqa: SIM905 - a list literal of 110 lines reads worse
)


@dataclass(slots=True)
class Identity:
    """Values of the identity columns, in the order of ``dicom_instance``."""

    transfer_syntax_uid: str | None = None
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    patient_id: str | None = None
    issuer_of_patient_id: str | None = None
    accession_number: str | None = None
    modality: str | None = None
    study_date: dt.date | None = None
    study_time: str | None = None
    series_date: dt.date | None = None
    series_time: str | None = None
    acquisition_date: dt.date | None = None
    acquisition_time: str | None = None
    content_date: dt.date | None = None
    content_time: str | None = None
    timezone_offset_from_utc: str | None = None
    patient_sex: str | None = None
    patient_birth_date: dt.date | None = None
    patient_age: str | None = None
    instance_number: int | None = None
    number_of_frames: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedIdentity:
    """An identity value that can't be used."""

    tag: int
    keyword: str
    vr: str
    text: str
    reason: str


@dataclass(slots=True)
class _Reader:
    """The raw values at hand, and what is found wrong with them."""

    raw: Mapping[int, bytes]
    charset: Charset
    flags: set[str]
    rejected: list[RejectedIdentity] = field(default_factory=list)

    def text(self, tag: int) -> str | None:
        raw = self.raw.get(tag)
        if not raw:
            return None
        return values.decode_text(raw, VR_OF[tag], self.charset, self.flags).strip(" ") or None

    def parsed(self, tag: int, parse: Callable[[str], T]) -> T | None:
        """Parse the first value; a bad one is None and a rejected row."""
        text = self.text(tag)
        first = text.split("\\")[0].strip() if text else None
        if not first:
            return None
        try:
            return parse(first)
        except BadValueError as bad:
            keyword = keyword_for_tag(tag)
            self.rejected.append(RejectedIdentity(tag, keyword, VR_OF[tag], first, bad.reason))
            return None

    def uid(self, tag: int) -> str | None:
        text = self.text(tag)
        if text and not values.is_valid_uid(text):
            self.flags.add("invalid_uid")
        return text

    def modality(self) -> str | None:
        terms = [t.strip().upper() for t in (self.text(MODALITY) or "").split("\\")]
        terms = [t for t in terms if t]
        if len(terms) > 1:
            self.flags.add("multi_valued_modality")
        return terms[0] if terms else None


def read_identity(
    raw: Mapping[int, bytes], transfer_syntax_uid: str | None, charset: Charset, flags: set[str]
) -> tuple[Identity, list[RejectedIdentity]]:
    """Return the identity columns, and the values that can't be used.

    Parameters
    ----------
    raw : mapping
        Raw value of each tag of `VR_OF` that the file has.
    transfer_syntax_uid : str or None
        From the file meta information.
    charset : Charset
        Character set of the data set.
    flags : set of str
        Read flags found on the way are added here.
    """
    reader = _Reader(raw, charset, flags)
    text, parsed = reader.text, reader.parsed
    date, time = values.parse_date, values.parse_time
    moment = parsed(ACQUISITION_DATETIME, values.parse_datetime) or (None, None, None)
    sex = text(0x00100040)
    identity = Identity(
        transfer_syntax_uid=transfer_syntax_uid,
        sop_class_uid=reader.uid(SOP_CLASS_UID),
        sop_instance_uid=reader.uid(SOP_INSTANCE_UID),
        series_instance_uid=reader.uid(SERIES_INSTANCE_UID),
        study_instance_uid=reader.uid(STUDY_INSTANCE_UID),
        patient_id=text(0x00100020),
        issuer_of_patient_id=text(0x00100021),
        accession_number=text(0x00080050),
        modality=reader.modality(),
        study_date=parsed(0x00080020, date),
        study_time=parsed(0x00080030, time),
        series_date=parsed(0x00080021, date),
        series_time=parsed(0x00080031, time),
        acquisition_date=parsed(0x00080022, date),
        acquisition_time=parsed(0x00080032, time),
        content_date=parsed(0x00080023, date),
        content_time=parsed(0x00080033, time),
        timezone_offset_from_utc=parsed(TIMEZONE_OFFSET, values.parse_offset),
        patient_sex=sex.split("\\")[0].strip().upper() if sex else None,
        patient_birth_date=parsed(0x00100030, date),
        patient_age=parsed(0x00101010, values.parse_age),
        instance_number=parsed(0x00200013, values.parse_integer),
        number_of_frames=parsed(0x00280008, values.parse_count),
    )
    # Enhanced objects have one Acquisition DateTime in place of a date and a time. The two belong
    # together, so the time is taken only when there is no date of its own that it may not match.
    if identity.acquisition_date is None:
        _take_moment(identity, moment)
    return identity, reader.rejected


def _take_moment(identity: Identity, moment: tuple[dt.date | None, str | None, str | None]) -> None:
    """Take acquisition date and time of a DT, in the one offset that all columns are in.

    A DT may have an offset of its own; without one that of the data set holds (PS3.5 table 6.2-1,
    PS3.3 C.12.1.1.8).
    """
    date, time, offset = moment
    if date is not None and offset is not None:
        if identity.timezone_offset_from_utc is None:
            identity.timezone_offset_from_utc = offset
        elif time is not None:
            date, time = values.shift(date, time, offset, identity.timezone_offset_from_utc)
    identity.acquisition_date = date
    if identity.acquisition_time is None:
        identity.acquisition_time = time


def makes_sense(identity: Identity) -> bool:
    """Tell whether what was read without a DICM prefix really is DICOM."""
    return (
        (identity.sop_class_uid is not None and UID(identity.sop_class_uid).type == "SOP Class")
        or identity.modality in MODALITIES
        or (
            identity.study_instance_uid is not None
            and values.is_valid_uid(identity.study_instance_uid)
        )
    )
