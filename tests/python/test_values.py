"""Values are strict: right, or rejected with a reason; text is cleaned and never holds NUL."""

from __future__ import annotations

import datetime as dt
import math
import struct
import unicodedata
from decimal import Decimal
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
        (b"0.3333333333333333", 1 / 3, "0.3333333333333333"),
        (b"1234567891", 1234567891.0, "1234567891"),
        (b"12345678.1234567", 12345678.1234567, "12345678.1234567"),
        (b"-0.00125E-02", -0.0000125, "-1.25e-05"),
        (b"1e-400", 0.0, "0"),
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
        (b"1e999", "DS", "number_out_of_range"),
        (b"1.7e308", "DS", "number_out_of_range"),
        (b"-1.1E+100", "DS", "number_out_of_range"),
        (b"1e-300", "DS", "number_out_of_range"),
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


def test_large_integers_are_not_merged() -> None:
    assert one(b"1234567891", "IS").key == "1234567891"
    assert one(b"+0012", "IS").key == one(b"12", "DS").key == "12"
    for vr, form, low in (("UL", "<I", 2**32 - 2), ("UV", "<Q", 2**64 - 2), ("SV", "<q", -(2**63))):
        keys = [one(struct.pack(form, number), vr).key for number in (low, low + 1)]
        assert keys == [str(low), str(low + 1)]


def test_one_number_has_one_key_whatever_its_vr() -> None:
    for number in (0, 5, -120, 1234567890, 2**31 - 1):
        keys = {one(str(number).encode(), vr).key for vr in ("IS", "DS")}
        keys.add(one(struct.pack("<q", number), "SV").key)
        keys.add(one(struct.pack("<d", number), "FD").key)
        assert keys == {str(number)}
    for text in ("0.1", "-2.5", "1e-07", "1e+30"):
        keys = {one(text.encode(), "DS").key, one(struct.pack("<f", float(text)), "FL").key}
        assert keys == {text}


def test_zero_has_no_sign() -> None:
    for value in (
        one(b"-0.0", "DS"),
        one(b"-0", "IS"),
        one(struct.pack("<f", -0.0), "FL"),
        one(struct.pack("<d", -0.0), "FD"),
    ):
        assert value.key == "0"
        assert value.number is not None
        assert math.copysign(1, value.number) == 1


def test_binary_numbers_that_are_none() -> None:
    for number in (1.7e308, -1e200, 5e-324):
        value = one(struct.pack("<d", number), "FD")
        assert (value.number, value.key, value.reason) == (None, None, "number_out_of_range")
        assert value.text == repr(number)
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


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-1e9, max_value=1e9))
def test_number_key_does_not_depend_on_spelling(number: Decimal) -> None:
    key = values.number_key(number)
    assert key == values.number_key(Decimal(f"{number:e}")) == values.number_key(Decimal(key))
    assert Decimal(key) == number


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
    for text, key in {
        "20240102101112.000-0500": "2024-01-02 10:11:12-0500",
        "202401021011": "2024-01-02 10:11:00",
        "20240102": "2024-01-02",
        "202401": "202401",
    }.items():
        assert one(text.encode(), "DT").key == key
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


def test_the_noise_of_reckoning_makes_no_other_value() -> None:
    raw = struct.pack("<dd", 0.1 + 0.2, 0.3)
    keys = [value.key for _, value in parse_values(raw, "FD", PLAIN, True, set())]
    assert keys == ["0.3", "0.3"]
