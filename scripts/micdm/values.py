"""Raw bytes of a value -> cleaned text, number and key, strictly by VR (PS3.5 6.2).

pydicom keeps what it can't parse as plain text and lets NaN through. Here a value is either
right or it is rejected with a reason code, and never harms the values beside it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

MAX_POSITIONS = 1_000
INT32 = range(-(2**31), 2**31)
# Beyond these sizes a sum, product or square leaves the range of a double, which databases refuse.
LEAST, MOST = 1e-100, 1e100

# Fixed-size binary VRs: struct code and size.
BINARY = {
    "US": ("H", 2),
    "SS": ("h", 2),
    "UL": ("I", 4),
    "SL": ("i", 4),
    "UV": ("Q", 8),
    "SV": ("q", 8),
    "FL": ("f", 4),
    "FD": ("d", 8),
    "AT": ("HH", 4),
}
# VRs whose text is in the Specific Character Set; the other text VRs are plain ASCII.
CHARSET_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
PLAIN_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
SINGLE_VRS = frozenset({"LT", "ST", "UT", "UR"})
BYTES_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})
KNOWN_VRS = frozenset(BINARY) | CHARSET_VRS | PLAIN_VRS | BYTES_VRS | {"SQ", "UN"}
# Characters allowed a value (PS3.5 table 6.2-1). DS and IS are judged by what they hold.
MAX_LENGTH = {"AE": 16, "CS": 16, "LO": 64, "LT": 10_240, "SH": 16, "ST": 1_024, "UI": 64}

UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+", re.ASCII)
DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
DATE = re.compile(r"(\d{4})(\d\d)(\d\d)|(\d{4})\.(\d\d)\.(\d\d)", re.ASCII)
TIME = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?", re.ASCII)
COLON_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?", re.ASCII)
DATETIME = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)([\d.]*))?)?([+-]\d{4})?", re.ASCII)
OFFSET = re.compile(r"[+-](\d\d)(\d\d)", re.ASCII)
AGE = re.compile(r"\d{3}[DWMY]", re.ASCII)

_CONTROL = {i: None for i in range(0x110000) if unicodedata.category(chr(i)) in ("Cc", "Cs")}
_LINES = {ord(c): " " for c in "\t\n\f\r"}


class BadValueError(ValueError):
    """A value that breaks the rules of its VR; `reason` is its reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Value(NamedTuple):
    """One value: text as in the file, number, key to group by, reason when it is rejected."""

    text: str | None
    number: float | None = None
    key: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Charset:
    """A Specific Character Set (0008,0005) as Python codecs, and what is wrong with it."""

    encodings: tuple[str, ...]
    declared: bool
    flag: str | None


@lru_cache(maxsize=256)
def charset_of(raw: bytes) -> Charset:
    """Return the character set that the raw value of (0008,0005) declares (PS3.3 C.12.1.1.2)."""
    names = [n.strip(" \0") for n in raw.decode("latin-1").split("\\")]
    if not any(names):
        return Charset(("latin_1",), declared=False, flag=None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            encodings = tuple(convert_encodings(list(names)))
    except (LookupError, ValueError):
        encodings = ("latin_1",)
    flag = None if all(n in python_encoding for n in names) else "charset_unknown"
    return Charset(encodings or ("latin_1",), declared=True, flag=flag)


def decode_text(raw: bytes, vr: str, charset: Charset, flags: set[str]) -> str:
    """Decode and clean a text value; what had to be mended is added to `flags`.

    Text without a declared character set may only be ASCII. When it is not, it is taken for
    UTF-8 if it is valid UTF-8, else for Latin-1.
    """
    raw = raw.rstrip(b"\0 ")
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")
    elif vr not in CHARSET_VRS or not charset.declared:
        flags.add("charset_missing" if not raw.isascii() else "control_characters")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    else:
        text = _decode_declared(raw, charset, flags)
    if not text.isprintable():
        if vr in SINGLE_VRS:
            text = text.translate(_LINES)
        cleaned = text.translate(_CONTROL)
        if cleaned != text:
            flags.add("control_characters")
            text = cleaned
    return text


def _decode_declared(raw: bytes, charset: Charset, flags: set[str]) -> str:
    if charset.flag:
        flags.add(charset.flag)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # The backslash and the separators of lines and name parts end an escape sequence.
            text = decode_bytes(raw, charset.encodings, {0x0A, 0x0C, 0x0D, 0x09, 0x5C, 0x5E, 0x3D})
        failed = bool(caught)
    except (LookupError, ValueError):
        text, failed = raw.decode("latin-1"), True
    if failed or "\ufffd" in text:
        flags.add("charset_error")
    return text


def parse_date(text: str) -> dt.date:
    """Parse a DA: YYYYMMDD, or YYYY.MM.DD of ACR-NEMA (PS3.5 table 6.2-1, note)."""
    match = DATE.fullmatch(text)
    if not match:
        raise BadValueError("invalid_date")
    try:
        return dt.date(*(int(part) for part in match.groups() if part is not None))
    except ValueError:
        raise BadValueError("invalid_date") from None


def parse_time(text: str) -> str:
    """Parse a TM (HH to HHMMSS.FFFFFF, or the old colon form) into 'HH:MM:SS[.ffffff]'.

    Second 60, allowed for leap seconds, becomes 59: databases know no second 60.
    """
    match = TIME.fullmatch(text) or COLON_TIME.fullmatch(text)
    if not match:
        raise BadValueError("invalid_time")
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 60:
        raise BadValueError("invalid_time")
    fraction = (match.group(4) or "").ljust(6, "0")
    whole = f"{hour:02}:{minute:02}:{min(second, 59):02}"
    return whole if not fraction.strip("0") else f"{whole}.{fraction}"


def parse_datetime(text: str) -> tuple[dt.date | None, str | None, str | None]:
    """Parse a DT into date, time and offset; the parts it leaves out are None."""
    match = DATETIME.fullmatch(text)
    if not match:
        raise BadValueError("invalid_datetime")
    year, month, day, clock, offset = match.groups()
    try:
        date = parse_date(year + (month or "01") + (day or "01"))
        time = parse_time(clock) if clock else None
        if offset:
            parse_offset(offset)
    except BadValueError:
        raise BadValueError("invalid_datetime") from None
    return (date if day else None), time, offset


def parse_offset(text: str) -> str:
    """Parse a time-zone offset &ZZXX, -1200 to +1400 (PS3.5 table 6.2-1, DT)."""
    match = OFFSET.fullmatch(text)
    if not match or int(match.group(2)) > 59 or not -1200 <= int(text) <= 1400:
        raise BadValueError("invalid_datetime")
    return text


def shift(date: dt.date, time: str, offset: str, to: str) -> tuple[dt.date, str]:
    """Return the same moment in another offset from UTC."""
    minutes = [int(f"{o[0]}1") * (int(o[1:3]) * 60 + int(o[3:])) for o in (offset, to)]
    moment = dt.datetime.combine(date, dt.time.fromisoformat(time))
    try:
        moment += dt.timedelta(minutes=minutes[1] - minutes[0])
    except OverflowError:  # before year 1 or after 9999: no real date anyway
        return date, time
    return moment.date(), moment.time().isoformat()


def parse_age(text: str) -> str:
    """Parse an AS: three digits and D, W, M or Y."""
    if not AGE.fullmatch(text):
        raise BadValueError("invalid_age")
    return text


def parse_decimal(text: str) -> float:
    """Parse a DS: a decimal number with a point, never a comma, never NaN."""
    if not DECIMAL.fullmatch(text):
        raise BadValueError("not_finite" if NOT_FINITE.fullmatch(text) else "not_a_number")
    return check_size(float(text))


def check_size(number: float) -> float:
    """Return the number if a database can reckon with it: no measured quantity is near 1e100."""
    if number and not LEAST <= abs(number) <= MOST:
        raise BadValueError("number_out_of_range")
    return number


def parse_integer(text: str) -> int:
    """Parse an IS: an integer of 32 bits."""
    if not INTEGER.fullmatch(text):
        parse_decimal(text)
        raise BadValueError("not_an_integer")
    if len(text) > 20 or int(text) not in INT32:
        raise BadValueError("integer_out_of_range")
    return int(text)


def parse_count(text: str) -> int:
    """Parse an IS that counts things that are there, so 1 or more."""
    number = parse_integer(text)
    if number < 1:
        raise BadValueError("integer_out_of_range")
    return number


def is_valid_uid(text: str) -> bool:
    """Tell whether it is a UID: numbers without leading zeros, at most 64 characters (PS3.5 9)."""
    return len(text) <= 64 and UID.fullmatch(text) is not None


# A DS has at most 16 characters, so all that conform are exact (PS3.5 table 6.2-1).
_DS_DIGITS = Context(prec=16)
_ALL_DIGITS = Context(prec=20)
# Beyond these a 64-bit float is noise of reckoning: 0.1 + 0.2 is 0.3.
_FLOAT_DIGITS = Context(prec=12)


def number_key(number: Decimal) -> str:
    """Return the canonical text of a number: 120.000000 and 1.2E2 are '120', -0.0 is '0'.

    Two values are one value when their keys are equal; floats are never compared.
    """
    if not number:
        return "0"
    number = number.normalize(_ALL_DIGITS)
    power = number.adjusted()
    if -5 < power < 20:
        return f"{number:f}"
    return f"{number.scaleb(-power, _ALL_DIGITS):f}e{power:+03}"


def shortest_float32(number: float) -> str:
    """Return the shortest decimal that is this 32-bit float: '0.1', not '0.10000000149'."""
    packed = struct.pack("<f", number)
    for digits in range(6, 10):
        text = f"{number:.{digits}g}"
        # Rounding up the largest floats may leave the range of 32 bits.
        try:
            if struct.pack("<f", float(text)) == packed:
                return text
        except OverflowError:
            continue
    return repr(number)


def parse_values(
    raw: bytes, vr: str, charset: Charset, little: bool, flags: set[str], *, numeric: bool = False
) -> Iterator[tuple[int, Value]]:
    """Yield position and value of each non-empty value of an element.

    Parameters
    ----------
    raw : bytes
        The value field.
    vr : str
        VR as the file has it, or of the attribute list where the file has none.
    charset : Charset
        Character set in force.
    little : bool
        True when the file is little endian.
    flags : set of str
        Read flags found on the way are added here.
    numeric : bool
        True when a text VR is to be read as a number.
    """
    if vr in BINARY:
        yield from _parse_binary(raw, vr, little, flags)
        return
    if vr not in CHARSET_VRS and vr not in PLAIN_VRS:
        if vr in KNOWN_VRS:
            yield 0, Value(None, reason="value_unreadable")
        else:
            text = decode_text(raw[:64], "UN", charset, set()).strip()
            yield 0, Value(text or None, reason="unknown_vr")
        return
    text = decode_text(raw, vr, charset, flags)
    parts = [text] if vr in SINGLE_VRS else text.split("\\", MAX_POSITIONS)
    if len(parts) > MAX_POSITIONS:
        parts.pop()
        flags.add("too_long")
    limit = MAX_LENGTH.get(vr)
    for position, part in enumerate(p.strip() for p in parts):
        if part:
            if limit and len(part) > limit:
                flags.add("too_long")
            yield position, _parse_text(part, vr, numeric)


def _parse_text(text: str, vr: str, numeric: bool) -> Value:
    try:
        if vr == "IS":
            return _integer(text, parse_integer(text))
        if vr == "DS" or numeric:
            return _decimal(text, parse_decimal(text))
        return Value(text, None, text_key(text, vr))
    except BadValueError as bad:
        return Value(text, reason=bad.reason)


def text_key(text: str, vr: str) -> str:
    """Return the canonical text of a value that is no number, or refuse what its VR forbids."""
    match vr:
        case "CS":
            return text.upper()
        case "DA":
            return parse_date(text).isoformat()
        case "TM":
            return parse_time(text)
        case "DT":
            date, time, offset = parse_datetime(text)
            if date:
                text = f"{date.isoformat()}{f' {time}' if time else ''}{offset or ''}"
        case "AS":
            parse_age(text)
        case "UI" if not is_valid_uid(text):
            raise BadValueError("invalid_uid")
    return text


def _integer(text: str, number: int) -> Value:
    return Value(text, float(number), str(number))


def _decimal(text: str, number: float) -> Value:
    # What is too small for a double is zero. Adding 0.0 makes zero of -0.0.
    exact = _DS_DIGITS.create_decimal(text) if number else Decimal(0)
    return Value(text, number + 0.0, number_key(exact))


def _parse_binary(
    raw: bytes, vr: str, little: bool, flags: set[str]
) -> Iterator[tuple[int, Value]]:
    code, size = BINARY[vr]
    count, rest = divmod(len(raw), size)
    if rest:
        yield 0, Value(None, reason="bad_length")
        return
    if count > MAX_POSITIONS:
        flags.add("too_long")
        count = MAX_POSITIONS
    order = "<" if little else ">"
    for position in range(count):
        fields = struct.unpack_from(order + code, raw, position * size)
        if vr == "AT":
            text = f"{fields[0]:04X}{fields[1]:04X}"
            yield position, Value(text, None, text)
        elif vr in ("FL", "FD"):
            yield position, _parse_float(fields[0], vr)
        else:
            yield position, _integer(str(fields[0]), fields[0])


def _parse_float(number: float, vr: str) -> Value:
    if not math.isfinite(number):
        return Value(str(number), reason="not_finite")
    text = shortest_float32(number) if vr == "FL" else repr(number).removesuffix(".0")
    try:
        exact = _FLOAT_DIGITS.create_decimal(text)
        return Value(text, check_size(float(text)) + 0.0, number_key(exact))
    except BadValueError as bad:
        return Value(text, reason=bad.reason)
