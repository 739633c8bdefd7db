"""Check the rows of algorithm results: docs/algorithm-results.md says what is allowed.

The first thing wrong with a row rejects it. What is said about it is a reason and a column, never
a value: a column filled with the wrong thing may hold a name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from micdm.values import BadValueError, is_valid_uid, parse_decimal

FIRST_XRAY = dt.datetime(1895, 11, 8)  # noqa: DTZ001 - local by contract
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(?:(Z)|([+-]\d\d):?(\d\d)?)?", re.ASCII
)
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
OPERATORS = frozenset({"=", "<", "<=", ">", ">="})
SIDES = frozenset({"R", "L", "B", "U"})


class BadRowError(Exception):
    """A row can't be used: why, and which column is to blame."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.column = reason, column


def _text(length: int) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # a code such as 410668003
        if not isinstance(value, str):
            raise BadValueError("wrong_type")
        text = value.strip()
        if UNPRINTABLE.search(text):
            raise BadValueError("value_unreadable")
        if len(text) > length:
            raise BadValueError("value_too_long")
        return text or None

    return read


def _uid(value: object) -> str | None:
    text = _text(1_000)(value)
    if text is not None and not is_valid_uid(text):
        raise BadValueError("invalid_uid")
    return text


def _one_of(allowed: frozenset[str], reason: str) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        text = _text(1_000)(value)
        if text is not None and text not in allowed:
            raise BadValueError(reason)
        return text

    return read


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BadValueError("wrong_type")
    text = str(value).strip()
    if len(text) > 64:
        raise BadValueError("value_too_long")
    if text:
        parse_decimal(text)
    return text or None


def _moment(value: object) -> tuple[dt.datetime, str | None] | None:
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    if isinstance(value, dt.date):
        raise BadValueError("invalid_datetime")  # midnight would be an invented time
    text = _text(1_000)(value)
    if text is None:
        return None
    found = MOMENT.fullmatch(text)
    if found is None:
        raise BadValueError("invalid_datetime")
    day, time, utc, hours, minutes = found.groups()
    offset = "+0000" if utc else f"{hours}{minutes or '00'}" if hours else None
    try:
        moment = dt.datetime.fromisoformat(f"{day}T{time}")
        zone = dt.datetime.fromisoformat(f"{day}T{time}{offset or '+0000'}")
        instant = zone.astimezone(dt.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise BadValueError("invalid_datetime") from None
    tomorrow = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(days=1)
    if not FIRST_XRAY <= instant <= tomorrow:
        raise BadValueError("implausible_date")
    return moment, offset


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the input: how its value is read and checked."""

    read: Callable[[object], object]
    is_required: bool = False


COLUMNS: dict[str, Column] = {
    "series_instance_uid": Column(_uid, is_required=True),
    "study_instance_uid": Column(_uid),
    "sop_instance_uid": Column(_uid),
    "finding_key": Column(_text(200)),
    "lesion_key": Column(_text(200)),
    "tracking_uid": Column(_uid),
    "finding_scheme": Column(_text(64)),
    "finding_code": Column(_text(64)),
    "feature_scheme": Column(_text(64), is_required=True),
    "feature_code": Column(_text(64), is_required=True),
    "operator": Column(_one_of(OPERATORS, "unknown_operator")),
    "value_number": Column(_number),
    "unit": Column(_text(64)),
    "value_scheme": Column(_text(64)),
    "value_code": Column(_text(64)),
    "value_text": Column(_text(250)),
    "site_scheme": Column(_text(64)),
    "site_code": Column(_text(64)),
    "laterality": Column(_one_of(SIDES, "unknown_laterality")),
    "algorithm_vendor": Column(_text(200)),
    "algorithm_name": Column(_text(200), is_required=True),
    "algorithm_version": Column(_text(64), is_required=True),
    "algorithm_parameters": Column(_text(4_000)),
    "result_datetime": Column(_moment, is_required=True),
}
REQUIRED = tuple(name for name, column in COLUMNS.items() if column.is_required)
CODES = ("finding", "value", "site")


def check_row(row: Mapping[str, object]) -> dict[str, object]:
    """Return the values of `algorithm_result` for a row.

    Raises
    ------
    BadRowError
        At the first value that is wrong, or misses, or does not go with the others.
    """
    if not row.keys() <= COLUMNS.keys():
        raise BadRowError("unknown_column")
    found = {name: _read(name, column, row.get(name)) for name, column in COLUMNS.items()}
    for name in CODES:
        if (found[f"{name}_scheme"] is None) != (found[f"{name}_code"] is None):
            missing = "scheme" if found[f"{name}_scheme"] is None else "code"
            raise BadRowError("half_a_code", f"{name}_{missing}")
    _check_value(found)
    number = found["value_number"]
    found["value_number_text"] = number
    found["value_number"] = parse_decimal(str(number)) if number is not None else None
    found["result_datetime"], found["result_offset"] = found["result_datetime"]  # type: ignore[misc]
    return found


def _read(name: str, column: Column, value: object) -> object:
    try:
        read = None if value is None else column.read(value)
    except BadValueError as bad:
        raise BadRowError(bad.reason, name) from None
    if read is None and column.is_required:
        raise BadRowError("value_missing", name)
    return read


def _check_value(found: Mapping[str, object]) -> None:
    """Refuse what is not one number or one code; free text is no result, and may name a patient."""
    is_number, is_code = found["value_number"] is not None, found["value_code"] is not None
    if is_number and is_code:
        raise BadRowError("two_values", "value_code")
    if not is_number and not is_code:
        raise BadRowError("no_number_or_code")
    if is_number and found["value_text"] is not None:
        raise BadRowError("text_without_code", "value_text")
    for name in ("unit", "operator"):
        if is_code and found[name] is not None:
            raise BadRowError("needs_a_number", name)
