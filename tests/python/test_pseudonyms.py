"""Staging pseudonyms: nothing that says who a patient is gets out, and the rest stays as it is."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import highdicom as hd
import pytest
from pydicom import Dataset
from pydicom import Sequence as PydicomSequence
from pydicom.uid import PositronEmissionTomographyImageStorage
from typer.testing import CliRunner

from dicom_factory import (
    ROOT,
    dataset,
    element,
    elements,
    encode,
    item,
    join,
    sequence,
    stage,
    table,
    write_slices,
)
from finding_factory import (
    LESION,
    diameter,
    from_image,
    images,
    report,
    segmentation,
    tracking,
    write,
)
from micdm.cli import app
from micdm.load import load
from micdm.pseudonyms import COLUMNS, KEY_VARIABLE, MOST_DAYS, Kind, Pseudonyms
from micdm.run import CannotRunError, Summary
from micdm.schema import DATE, MOMENT, SCHEMAS, TEXT
from pipeline import COMMANDS, ROWS_ONLY, DuckDB
from postgres_server import Server

KEY = "correct-horse-battery-staple-0123456789"
OTHER_KEY = "another-key-another-key-another-key-9876"
PSEUDONYMS = Pseudonyms(KEY.encode())
SECRET = re.compile(rb"secret(?!ing|or|ion|e)|geheim|mustermann|lesion 1", re.IGNORECASE)
UIDS = re.compile(re.escape(ROOT).encode())
DATES = re.compile(rb"(?<!\d)(?:2009-?0[34]-?(?:17|19|20)|1931-?02-?03)")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


# What each column is


def test_every_staged_column_has_its_kind() -> None:
    assert {name: set(schema.names) for name, schema in SCHEMAS.items()} == {
        name: set(columns) for name, columns in COLUMNS.items()
    }
    for name, schema in SCHEMAS.items():
        for field in schema:
            kind = COLUMNS[name][field.name]
            about = (name, field.name)
            if field.name.endswith("_uid"):
                assert kind in (Kind.UID, Kind.CLASS_UID), about
            elif field.type == DATE:
                assert kind in (Kind.DATE, Kind.BIRTH_DATE), about
            elif field.type == MOMENT and field.name not in ("started_at", "finished_at"):
                assert kind in (Kind.MOMENT, Kind.DROPPED) or field.name == "loaded_at", about
            elif field.type != TEXT:
                assert kind in (Kind.KEPT, Kind.ROW), about


# What is made


def test_pseudonyms_are_of_the_key_and_the_value() -> None:
    other = Pseudonyms(OTHER_KEY.encode())
    for kind in ("patient", "issuer", "accession"):
        made = PSEUDONYMS.identifier(kind, "007")
        assert re.fullmatch("[0-9a-f]{32}", made)
        assert made == Pseudonyms(KEY.encode()).identifier(kind, "007")
        assert made not in (PSEUDONYMS.identifier(kind, "7"), other.identifier(kind, "007"))
    uid = PSEUDONYMS.uid(f"{ROOT}.1")
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", uid)
    assert uid != other.uid(f"{ROOT}.1")
    assert PSEUDONYMS.uid("1.2.840.10008.1.4.1.1") == "1.2.840.10008.1.4.1.1"
    assert PSEUDONYMS.uid("1.2.840.10008.5.1.4.1.1.2.4711") != "1.2.840.10008.5.1.4.1.1.2.4711"
    days = {PSEUDONYMS.days(str(n)) for n in range(20_000)}
    assert (min(days), max(days)) == (1, MOST_DAYS)
    assert KEY not in repr(PSEUDONYMS)


def test_what_is_in_a_folder_still_is() -> None:
    folder, file = PSEUDONYMS.path("/a/b"), PSEUDONYMS.path("/a/b/c.dcm")
    assert file.startswith(f"{folder}/")
    assert PSEUDONYMS.path("/x/b").rpartition("/")[2] != folder.rpartition("/")[2]
    assert PSEUDONYMS.path("/") == "/"


# Planted identifiers


def code(meaning: str, value: str = "1", scheme: str = "99X") -> list[Dataset]:
    made = Dataset()
    if value:
        made.CodeValue, made.CodingSchemeDesignator = value, scheme
    made.CodeMeaning = meaning
    return [made]


def content(value_type: str, concept: list[Dataset], **values: Any) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = "CONTAINS", value_type
    made.ConceptNameCodeSequence = concept
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def plant(folder: Path) -> None:
    """Write files that hold identifiers wherever one may be."""
    who: dict[str, Any] = {
        "PatientID": "SECRET-PID",
        "IssuerOfPatientID": "SECRET-ISSUER",
        "PatientName": "Geheim^Gisela",
        "PatientBirthDate": "19310203",
        "AccessionNumber": "SECRET-ACC",
        "StudyDate": "20090317",
        "SeriesDate": "20090317",
        "InstitutionName": "Secret Hospital",
        "StationName": "SECRETSTATION",
        "StudyDescription": "CT of Mrs Geheim",
        "SeriesDescription": "Secret",
        "ProtocolName": "Secret",
        "ContrastBolusAgent": "as for Geheim",
    }
    ward = folder / "SECRETWARD"
    other = Dataset()
    other.PatientID = "SECRET-OTHER"
    series = images(1, **who, OtherPatientIDsSequence=[other], BodyPartExamined="GEHEIM^GISELA")
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        hd.sr.TrackingIdentifier(uid=f"{LESION}.1", identifier="Geheim lesion 1"),
        measurements=[diameter(8.5)],
        source_images=from_image(series[0]),
    )
    document = report(1, series, group, written="20090320113000")
    composite = Dataset()
    composite.ReferencedSOPClassUID = series[0].SOPClassUID
    composite.ReferencedSOPInstanceUID = series[0].SOPInstanceUID
    number = Dataset()
    number.add_new(0x0040A30A, "DS", "1.5")
    number.MeasurementUnitsCodeSequence = code("mm", "mm", "UCUM")
    document.ContentSequence = PydicomSequence(
        [
            *document.ContentSequence,
            content("TEXT", code("Finding"), TextValue="Geheim has it"),
            content("TEXT", code("Device serial", "121016", "DCM"), TextValue="SECRETSERIAL"),
            content("TEXT", code("Time point", "126070", "DCM"), TextValue="SECRET-PID day 3"),
            content("PNAME", code("Name"), PersonName="Geheim^Gisela"),
            content("UIDREF", code("Event"), UID=f"{ROOT}.88"),
            content("DATE", code("Date"), Date="20090319"),
            content("TIME", code("Time"), Time="101112"),
            content("DATETIME", code("When"), DateTime="20090319101112"),
            content("DATETIME", code("Year"), DateTime="2009"),
            content("CODE", code("Who"), ConceptCodeSequence=code("Geheim", "")),
            content("CODE", code("Geheim", ""), ConceptCodeSequence=code("yes")),
            content("NUM", code("Size"), MeasuredValueSequence=[number]),
            content("COMPOSITE", code("Of"), ReferencedSOPSequence=[composite]),
            content("IMAGE", code("Of"), ReferencedSOPSequence=[composite]),
            content(
                "SCOORD3D",
                code("Where"),
                GraphicType="POINT",
                GraphicData=[1.0, 2.0, 3.0],
                ReferencedFrameOfReferenceUID=f"{ROOT}.7.1",
                ObservationDateTime="20090419",
            ),
        ]
    )
    mask = segmentation(1, series)
    mask.SegmentSequence[0].TrackingID = "Geheim"
    write(ward / "PID-SECRET", series, document, mask)
    dose = Dataset()
    dose.RadiopharmaceuticalStartDateTime = "20090317081500"
    dose.RadionuclideTotalDose = "370000000"
    scan = dataset(
        **{**who, "SeriesDate": "20090317"},
        SOPClassUID=PositronEmissionTomographyImageStorage,
        Modality="PT",
        SOPInstanceUID=f"{ROOT}.4.2",
        SeriesInstanceUID=f"{ROOT}.3.2",
        RadiopharmaceuticalInformationSequence=[dose],
    )
    write(ward, scan)
    with zipfile.ZipFile(folder / "secret.zip", "w") as archive:
        event = Dataset()
        event.IrradiationEventUID = f"{ROOT}.66"
        groups = Dataset()
        groups.IrradiationEventIdentificationSequence = [event]
        enhanced = dataset(
            **{**who, "StudyDate": None},
            SOPInstanceUID=f"{ROOT}.4.3",
            SeriesInstanceUID=f"{ROOT}.3.3",
            AcquisitionDateTime="20090319101112.5+0100",
            SharedFunctionalGroupsSequence=[groups],
            NumberOfFrames="1",
        )
        archive.writestr("Geheim/1.dcm", encode(enhanced))
    bad = {
        "date": {"study_date": element(0x00080020, "DA", b"SECRETDT")},
        "age": {"thickness": element(0x00180050, "DS", b"SECRET-NUMBER")},
        "vr": {"kvp": element(0x00180060, "XX", b"SECRET-VR")},
        "future": {"study_date": element(0x00080020, "DA", b"29991231")},
        "number": {
            "last": sequence(0x00101002, [item(element(0x00100020, "IS", b"4711471147"))]),
        },
    }
    for number_of, (name, replaced) in enumerate(bad.items(), 10):
        whole = elements(
            **replaced,
            patient_id=element(0x00100020, "LO", b"SECRET-PID"),
            sop_instance=element(0x00080018, "UI", f"{ROOT}.4.{number_of}".encode()),
            series=element(0x0020000E, "UI", f"{ROOT}.3.{number_of}".encode()),
        )
        (folder / f"secret-{name}.dcm").write_bytes(join(dict(whole)))
    (folder / "secret-cut.dcm").write_bytes(join(elements())[:150])
    (folder / "secret-text.dcm").write_bytes(b"Geheim")
    (folder / "secret-empty.dcm").touch()
    (folder / "secret-broken.zip").write_bytes(b"PK\x03\x04 broken")
    Path(os.fsdecode(bytes(folder) + b"/Geheim-\xff.dcm")).write_bytes(join(elements()))
    for path in folder.rglob("*"):
        os.utime(path, (dt.datetime(2009, 3, 20, tzinfo=dt.UTC).timestamp(),) * 2)


def micdm(*words: object) -> str:
    """Run a command that must succeed; return all it says."""
    done = subprocess.run(
        [COMMANDS / "micdm", *map(str, words)],
        capture_output=True,
        check=False,
        timeout=300,
    )
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, text
    return text


def everything(out: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of all files and the values of all tables below a folder."""
    for path in sorted(out.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(out)), str(path).encode() + path.read_bytes()
    for name in SCHEMAS:
        for row in table(out, name):
            yield name, repr({k: str(v) for k, v in row.items()}).encode()


def database_values(database: DuckDB) -> Iterator[tuple[str, bytes]]:
    names = database.rows("select table_schema, table_name from information_schema.tables")
    for schema, name in names:
        for row in database.table(f'"{schema}"."{name}"'):
            yield f"{schema}.{name}", str([str(v) for v in row]).encode()


def check_clean(found: Iterable[tuple[str, bytes]]) -> None:
    for name, value in found:
        for pattern in (SECRET, UIDS, DATES, re.compile(KEY.encode())):
            match = pattern.search(value)
            assert match is None, f"{name}: {match.group() if match else ''!r} in {value[:300]!r}"


def planted(tmp_path: Path) -> tuple[Path, Path]:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    plant(folder)
    return folder, out


def test_no_planted_identifier_gets_out(tmp_path: Path) -> None:
    folder, out = planted(tmp_path)
    assert len([*folder.rglob("*.dcm")]) > 12
    logs = [micdm("stage", folder, "--out", out, "--pseudonyms")]
    results = tmp_path / "results.jsonl"
    results.write_text(
        f'{{"series_instance_uid":"{ROOT}.3.1","finding_key":"Geheim","lesion_key":"secret",'
        f'"tracking_uid":"{LESION}.1","feature_scheme":"SCT","feature_code":"81827009",'
        f'"value_number":8,"unit":"mm","algorithm_name":"ai","algorithm_version":"1",'
        f'"algorithm_parameters":"/data/secret","result_datetime":"2009-03-20T10:00:00"}}\n'
    )
    logs.append(micdm("load-results", results, "--out", out, "--pseudonyms"))
    assert len(table(out, "algorithm_result")) == 1
    assert len(table(out, "dicom_rejected")) >= 4
    assert {r["value_type"] for r in table(out, "dicom_sr_item")} >= {"PNAME", "TEXT", "UIDREF"}
    check_clean(everything(out))
    database = DuckDB(tmp_path / "micdm.duckdb", out)
    database.build("build", "--exclude-resource-type", "unit_test")
    check_clean(database_values(database))
    logs.append(micdm("report", database.path))
    check_clean([("log", log.encode()) for log in logs])
    target = database.path.with_suffix(".target")
    check_clean(
        (str(p), p.read_bytes()) for p in target.rglob("*") if p.suffix in (".log", ".json")
    )
    check_clean([("database", database.path.read_bytes())])


def test_what_is_dropped_says_so_and_dates_keep_their_distance(tmp_path: Path) -> None:
    folder, out = planted(tmp_path)
    stage(folder, out=out, pseudonyms=True)
    days = dt.timedelta(PSEUDONYMS.days("SECRET-PID"))
    rows = {r["series_instance_uid"]: r for r in table(out, "dicom_instance")}
    image = rows[PSEUDONYMS.uid(f"{ROOT}.3.1")]
    assert image["patient_id"] == PSEUDONYMS.identifier("patient", "SECRET-PID")
    assert image["accession_number"] == PSEUDONYMS.identifier("accession", "SECRET-ACC")
    assert image["study_date"] == dt.date(2009, 3, 17) - days
    assert image["patient_birth_date"] == dt.date(1931, 2, 3) - days
    assert image["study_time"] == "10:11:12"
    assert image["file_mtime"] == dt.datetime(2009, 3, 20) - days  # noqa: DTZ001 - as staged
    enhanced = rows[PSEUDONYMS.uid(f"{ROOT}.3.3")]
    assert enhanced["acquisition_date"] == dt.date(2009, 3, 19) - days
    header = [r for r in table(out, "dicom_header_element") if r["header_id"] == image["header_id"]]
    of = {r["path"]: r for r in header}
    for path in ("StudyDescription", "ProtocolName", "ContrastBolusAgent", "BodyPartExamined"):
        assert (of[path]["value_text"], of[path]["reason_code"]) == (None, "redacted")
    assert of["Manufacturer"]["value_text"] == "ACME"
    other = of["OtherPatientIDsSequence.PatientID"]
    assert other["value_key"] == PSEUDONYMS.identifier("patient", "SECRET-OTHER")
    (start,) = (
        r["value_text"]
        for r in table(out, "dicom_header_element")
        if r["path"].endswith("RadiopharmaceuticalStartDateTime")
    )
    assert start == f"{dt.date(2009, 3, 17) - days:%Y%m%d}081500"
    found = table(out, "dicom_instance_element")
    reasons = {r["reason_code"] for r in found if r["path"] == "StudyDate"}
    assert reasons == {"invalid_date", "implausible_date"}
    items = [r for r in table(out, "dicom_sr_item") if r["value_type"] in ("DATE", "DATETIME")]
    shifted = (dt.date(2009, 3, 19) - days).isoformat()
    assert [(i["value_text"], i["reason_code"]) for i in items] == [
        (shifted, None),
        (f"{shifted}T10:11:12", None),
        (None, "redacted"),
    ]


def test_a_kept_text_is_kept_and_read_again(tmp_path: Path) -> None:
    write_slices(tmp_path / "in", 2, StudyDescription="Thorax")
    out = tmp_path / "out"
    stage(tmp_path / "in", out=out, pseudonyms=True)
    assert stage(tmp_path / "in", out=out, pseudonyms=True).counts.unchanged == 2
    kept = stage(tmp_path / "in", out=out, pseudonyms=True, keep_texts=["StudyDescription"])
    assert kept.counts.instances == 2
    assert "Thorax" in {r["value_text"] for r in table(out, "dicom_header_element")}
    with pytest.raises(CannotRunError, match="no Nonsense on the attribute list"):
        stage(tmp_path / "in", out=out, pseudonyms=True, keep_texts=["Nonsense"])


def test_equal_headers_of_two_patients_have_dates_of_their_own(tmp_path: Path) -> None:
    for number, who in enumerate(("P1", "P2"), 1):
        dose = Dataset()
        dose.RadiopharmaceuticalStartDateTime = "20240102081500"
        values = {"RadiopharmaceuticalInformationSequence": [dose], "PatientID": who}
        write_slices(tmp_path / "in" / who, 2, series=number, **values)
    stage(tmp_path / "in", out=tmp_path / "out", pseudonyms=True)
    starts = {
        r["value_text"]
        for r in table(tmp_path / "out", "dicom_header_element")
        if r["path"].endswith("StartDateTime")
    }
    expected = (dt.date(2024, 1, 2) - dt.timedelta(PSEUDONYMS.days(p)) for p in ("P1", "P2"))
    assert starts == {f"{date:%Y%m%d}081500" for date in expected}


@pytest.mark.parametrize("workers", [1, 2])
def test_files_are_followed(tmp_path: Path, workers: int) -> None:
    paths = write_slices(tmp_path / "in", 600)

    def run() -> Summary:
        return stage(tmp_path / "in", out=tmp_path / "out", pseudonyms=True, workers=workers)

    assert run().counts.instances == 600
    assert run().counts.unchanged == 600
    content = paths[3].read_bytes()
    paths[3].unlink()
    counts = run().counts
    assert (counts.unchanged, counts.deleted) == (599, 1)
    paths[3].write_bytes(content)
    assert run().counts.instances == 1


def test_postgres_gets_the_same_rows(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    folder, out = planted(tmp_path)
    stage(folder, out=out, pseudonyms=True)
    load(out)
    with postgres.connect() as connection:
        for name in SCHEMAS:
            rows = connection.execute(f"select * from raw_dicom.{name}".encode()).fetchall()
            assert len(rows) == len(table(out, name))
            check_clean((name, str([str(v) for v in row]).encode()) for row in rows)


# The key


@pytest.mark.parametrize(
    ("value", "says"), [("", "need a key in the environment"), ("hunter2-hunter2", "is too short")]
)
def test_without_a_key_nothing_is_staged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, says: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, value)
    for words in (
        ["stage", str(tmp_path), "--out", str(tmp_path / "out"), "--pseudonyms"],
        ["load-results", "x.csv", "--out", str(tmp_path / "out"), "--pseudonyms"],
        ["pseudonym", "patient"],
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
        assert "hunter2" not in done.output
    assert not (tmp_path / "out").exists()


def test_two_keys_or_none_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_slices(tmp_path / "in", 1)
    out, plain = tmp_path / "out", tmp_path / "plain"
    stage(tmp_path / "in", out=plain)
    with pytest.raises(CannotRunError, match="are no pseudonyms: use another folder"):
        stage(tmp_path / "in", out=plain, pseudonyms=True)
    stage(tmp_path / "in", out=out, pseudonyms=True)
    before = sorted(p.name for p in out.rglob("*"))
    with pytest.raises(CannotRunError, match="are pseudonyms: add --pseudonyms"):
        stage(tmp_path / "in", out=out)
    monkeypatch.setenv(KEY_VARIABLE, OTHER_KEY)
    with pytest.raises(CannotRunError, match="are pseudonyms of another key"):
        stage(tmp_path / "in", out=out, pseudonyms=True)
    assert sorted(p.name for p in out.rglob("*")) == before


# Of the site's own tables


def test_ids_of_the_site_become_what_staging_makes_of_them() -> None:
    def convert(text: str | bytes, *words: str) -> str:
        done = CliRunner().invoke(app, ["pseudonym", *words], input=text)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert convert(" P1 \n\nP2", "patient").split("\n") == [
        PSEUDONYMS.identifier("patient", "P1"),
        "",
        PSEUDONYMS.identifier("patient", "P2"),
        "",
    ]
    assert convert("P1\n", "days") == f"{PSEUDONYMS.days('P1')}\n"
    table_ = 'person_id,person_source_value\n1,P1\n2,"P,2"\n'
    assert convert(table_, "patient", "--column", "person_source_value") == (
        "person_id,person_source_value\n"
        f"1,{PSEUDONYMS.identifier('patient', 'P1')}\n"
        f"2,{PSEUDONYMS.identifier('patient', 'P,2')}\n"
    )
    for words, text in (
        (["nonsense"], b"x"),
        (["patient", "--column", "x"], b"a,b\n1,2\n"),
        (["patient", "--column", "a"], b"a,b\n1\n"),
        (["patient"], b"\xff\xfe"),
    ):
        done = CliRunner().invoke(app, ["pseudonym", *words], input=text)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output


# The same structure


def test_a_build_from_pseudonyms_is_the_plain_one_renamed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(1, 5):
        who = {"PatientID": f"P{(number + 1) // 2}", "AccessionNumber": f"A{number}"}
        day = f"202402{number:02}"
        series = images(number, study=number, **who, StudyDate=day, SeriesDate=day)
        group = hd.sr.MeasurementsAndQualitativeEvaluations(
            tracking((number + 1) // 2),
            measurements=[diameter(8.0 + number)],
            source_images=from_image(series[0]),
        )
        document = report(number, series, group, written=f"{day}113000")
        write(folder / str(number), series, document, segmentation(number, series))
    stage(folder, out=tmp_path / "raw")
    stage(folder, out=tmp_path / "raw2", pseudonyms=True)
    plain = DuckDB(tmp_path / "plain.duckdb", tmp_path / "raw")
    masked = DuckDB(tmp_path / "masked.duckdb", tmp_path / "raw2")
    for database in (plain, masked):
        database.build(*ROWS_ONLY)

    def counts(database: DuckDB) -> dict[str, int]:
        # By month, and a patient's months are others.
        names = [n for n in database.tables() if n != "quality.link_quality"]
        return {n: database.rows(f"select count(*) from {n}")[0][0] for n in names}

    assert counts(plain) == counts(masked)
    links = "select link, match_method, sum(series_count) from quality.link_quality group by all"
    assert set(plain.rows(links)) == set(masked.rows(links))
    assert counts(plain)["omop.image_occurrence"] == 4
    assert counts(plain)["omop.measurement"] > 10
    query = """
        select
            person_source_value, image_study_uid, image_series_uid, image_occurrence_date,
            (select count(*) from omop.image_feature as feature
             where feature.image_occurrence_id = image.image_occurrence_id)
        from omop.image_occurrence as image
        join omop.person as person on person.person_id = image.person_id
    """
    renamed = {
        (
            PSEUDONYMS.identifier("patient", who),
            PSEUDONYMS.uid(study),
            PSEUDONYMS.uid(series),
            date - dt.timedelta(PSEUDONYMS.days(who)),
            features,
        )
        for who, study, series, date, features in plain.rows(query)
    }
    assert set(masked.rows(query)) == renamed
