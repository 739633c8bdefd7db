"""Values are strict: right, or rejected with a reason; text is cleaned and never holds NUL."""

from __future__ import annotations

import datetime as dt
import struct
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micdm import values
from micdm.values import BadValueError, Value, charset_of, parse_values

PLAIN = charset_of(b"")


def parse(raw: bytes, vr: str, charset: bytes = b"", **more: Any) -> tuple[list[Value], set[str]]:
    flags: set[str] = set()
    found = list(parse_values(raw, vr, charset_of(charset), True, flags, **more))
    return [value for _, value in found], flags


def one(raw: bytes, vr: str, **more: Any) -> Value:
    found, _ = parse(raw, vr, **more)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("raw", "number", "key"),
    [
        (b"120", 120.0, "120"),
        (b" 120.000000 ", 120.0, "120"),
        (b"1.2E2", 120.0, "120"),
        (b"+1.2e+02", 120.0, "120"),
        (b".5", 0.5, "0.5"),
        (b"5.", 5.0, "5"),
        (b"-0", 0.0, "0"),
        (b"1e-7\0", 1e-7, "1e-07"),
        (b"0.3333333333333333", 1 / 3, "0.333333333"),
    ],
)
def test_decimal_strings(raw: bytes, number: float, key: str) -> None:
    value = one(raw, "DS")
    assert (value.number, value.key, value.reason) == (number, key, None)
    assert value.text == raw.decode().strip(" \0")


@pytest.mark.parametrize(
    ("raw", "vr", "reason"),
    [
        (b"nan", "DS", "not_finite"),
        (b"-INF", "DS", "not_finite"),
        (b"1e999", "DS", "not_finite"),
        (b"1,25", "DS", "not_a_number"),
        (b"unknown", "DS", "not_a_number"),
        (b"1.9.10.0", "DS", "not_a_number"),
        (b"1_000", "DS", "not_a_number"),
        (b"0x10", "DS", "not_a_number"),
        ("\u0661".encode(), "DS", "not_a_number"),
        (b"3.0", "IS", "not_an_integer"),
        (b"abc", "IS", "not_a_number"),
        (b"2147483648", "IS", "integer_out_of_range"),
        (b"-2147483649", "IS", "integer_out_of_range"),
        (b"9" * 5000, "IS", "integer_out_of_range"),
        (b"20230231", "DA", "invalid_date"),
        (b"00000000", "DA", "invalid_date"),
        (b"***", "DA", "invalid_date"),
        (b"2004-01-19", "DA", "invalid_date"),
        (b"6f1e4c1e-5b0e-4b43", "DA", "invalid_date"),
        (b"25:61:00", "TM", "invalid_time"),
        (b"2561", "TM", "invalid_time"),
        (b"1011121", "TM", "invalid_time"),
        (b"45", "AS", "invalid_age"),
        (b"0Y", "AS", "invalid_age"),
        (b"2024010225", "DT", "invalid_datetime"),
        (b"20240102101112+2500", "DT", "invalid_datetime"),
        (b"1.02.3", "UI", "invalid_uid"),
        (b"1.2.x", "UI", "invalid_uid"),
        (b"abc", "XX", "unknown_vr"),
        (b"abcd", "OB", "value_unreadable"),
    ],
)
def test_bad_values_have_a_reason(raw: bytes, vr: str, reason: str) -> None:
    value = one(raw, vr)
    assert (value.number, value.key, value.reason) == (None, None, reason)


def test_a_bad_value_spares_its_neighbours() -> None:
    found, _ = parse(b"1.5\\nan\\\\2.5", "DS")
    assert [(v.number, v.reason) for v in found] == [(1.5, None), (None, "not_finite"), (2.5, None)]
    places = [p for p, _ in parse_values(b"1.5\\nan\\\\2.5", "DS", PLAIN, True, set())]
    assert places == [0, 1, 3], "an empty value keeps its place"


@pytest.mark.parametrize(
    ("vr", "form", "number", "text"),
    [
        ("US", "<H", 65535, "65535"),
        ("SS", "<h", -5, "-5"),
        ("UL", "<I", 4294967295, "4294967295"),
        ("FL", "<f", 0.1, "0.1"),
        ("FL", "<f", 1.17549435e-38, "1.1754944e-38"),
        ("FD", "<d", 0.1, "0.1"),
        ("FD", "<d", 120.0, "120"),
        ("SV", "<q", -(2**40), "-1099511627776"),
    ],
)
def test_binary_numbers(vr: str, form: str, number: float, text: str) -> None:
    value = one(struct.pack(form, number), vr)
    assert value.text == text
    assert value.number == float(text)


def test_binary_numbers_that_are_none() -> None:
    assert one(b"\1\2\3", "US").reason == "bad_length"
    assert one(struct.pack("<f", float("nan")), "FL").reason == "not_finite"
    assert one(struct.pack("<d", float("inf")), "FD").reason == "not_finite"
    assert one(struct.pack("<HH", 0x18, 0x50), "AT").text == "00180050"
    big = list(parse_values(struct.pack(">H", 7), "US", PLAIN, False, set()))
    assert big[0][1].number == 7


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_shortest_float32_is_the_same_float(number: float) -> None:
    text = values.shortest_float32(number)
    assert struct.pack("<f", float(text)) == struct.pack("<f", number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_key_does_not_depend_on_spelling(number: float) -> None:
    assert values.number_key(number) == values.number_key(float(f"{number:.17e}"))


def test_dates_and_times() -> None:
    assert values.parse_date("20040119") == dt.date(2004, 1, 19)
    assert values.parse_date("2004.01.19") == dt.date(2004, 1, 19)
    for text, expected in {
        "10": "10:00:00",
        "1011": "10:11:00",
        "101112": "10:11:12",
        "101112.5": "10:11:12.500000",
        "101112.000": "10:11:12",
        "101112.123456": "10:11:12.123456",
        "10:11:12": "10:11:12",
        "10:11": "10:11:00",
        "10:11:12.25": "10:11:12.250000",
        "235960": "23:59:59",
    }.items():
        assert values.parse_time(text) == expected
    day = dt.date(2024, 1, 2)
    assert values.parse_datetime("20240102") == (day, None, None)
    assert values.parse_datetime("20240102101112.5-0500") == (day, "10:11:12.500000", "-0500")
    assert values.parse_datetime("2024") == (None, None, None)
    assert values.parse_datetime("202401+0100") == (None, None, "+0100")
    assert values.parse_offset("+1400") == "+1400"
    with pytest.raises(BadValueError):
        values.parse_offset("0100")


def test_date_keys_are_canonical() -> None:
    assert one(b"2004.01.19", "DA").key == one(b"20040119", "DA").key == "2004-01-19"
    assert one(b"10:11:12", "TM").key == one(b"101112", "TM").key
    assert one(b"head first", "CS").key == "HEAD FIRST"


@pytest.mark.parametrize(
    ("raw", "vr", "text", "flags"),
    [
        (b"A\0B\0", "LO", "AB", {"control_characters"}),
        (b"A\x1bB", "LO", "AB", {"control_characters"}),
        (b"A\x07", "CS", "A", {"control_characters"}),
        (b"one\r\ntwo\t", "LT", "one  two", set()),
        (b"x" * 10_000, "LO", "x" * 10_000, {"too_long"}),
        (b"  padded \0", "LO", "padded", set()),
        ("Grüße".encode("latin-1"), "LO", "Grüße", {"charset_missing"}),
        ("Grüße".encode(), "LO", "Grüße", {"charset_missing"}),
    ],
)
def test_text_is_cleaned(raw: bytes, vr: str, text: str, flags: set[str]) -> None:
    found, seen = parse(raw, vr)
    assert [v.text for v in found] == [text]
    assert seen == flags


@pytest.mark.parametrize(
    ("charset", "raw", "text", "flags"),
    [
        (b"ISO_IR 100", "Grüße".encode("latin-1"), "Grüße", set()),
        (b"ISO_IR 192", "Grüße".encode(), "Grüße", set()),
        (b"ISO-IR 100", "Grüße".encode("latin-1"), "Grüße", {"charset_unknown"}),
        (b"ISO_IR 999", "Grüße".encode("latin-1"), "Grüße", {"charset_unknown"}),
        (b"ISO_IR 192", b"Gr\xfc\xdfe", None, {"charset_error"}),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг", set()),
        (b"\\ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B", "山田", set()),
        (b"GB18030", "王^小\\东".encode("gb18030"), None, set()),
        (b"a\0b", "ü".encode("latin-1"), None, {"charset_unknown"}),
        (b"hex", "ü".encode("latin-1"), None, {"charset_unknown", "charset_error"}),
    ],
)
def test_character_sets(charset: bytes, raw: bytes, text: str | None, flags: set[str]) -> None:
    found, seen = parse(raw, "LO", charset)
    assert seen == flags
    assert found
    if text is not None:
        assert found[0].text == text


def is_clean(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


@given(st.binary(max_size=60), st.sampled_from(sorted(values.KNOWN_VRS | {"XX"})), st.booleans())
def test_any_bytes_give_a_value_or_a_reason(raw: bytes, vr: str, numeric: bool) -> None:
    for charset in (b"", b"ISO_IR 192", b"\\ISO 2022 IR 87\\ISO 2022 IR 149", b"GB18030"):
        found, _ = parse(raw, vr, charset, numeric=numeric)
        for value in found:
            assert value.text is None or (value.text and is_clean(value.text))
            assert (value.key is None) == (value.reason is not None)
            if value.text:
                value.text.encode("utf-8")
