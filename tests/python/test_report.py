"""``micdm report``: readable, stable off a terminal, and a sentence where there is nothing."""

import io
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from micdm.cli import app
from micdm.report import FIRST_ROWS, ReportError, report

TABLES = """
create schema omop;
create schema quality;
create schema micdm_staging;
create table micdm_staging.not_for_readers (a int);
create table omop.concept as
    from (values (10, 'Computed tomography'), (20, 'Chest [thorax]'), (30, 'KVP'),
                 (40, 'measurement'), (50, 'Axial'))
    as t (concept_id, concept_name);
create table omop.image_occurrence as
    select i as image_occurrence_id, 7 as person_id, date '2020-02-29' as image_occurrence_date,
           10 as modality_concept_id, if(i = 1, 20, null) as anatomic_site_concept_id
    from range(1, 21) as t (i);
create table omop.image_occurrence_detail as
    select i as image_occurrence_id, 'CT' as modality, 3 as instance_count,
           if(i = 1, 'mapped', 'absent') as anatomic_site_status,
           if(i = 1, 'BodyPartExamined', null) as anatomic_site_source,
           if(i = 1, 'CHEST', null) as anatomic_site_source_value
    from range(1, 21) as t (i);
create table omop.image_feature as
    select i as image_feature_id, if(i = 9, 1, 2) as image_occurrence_id,
           30 as image_feature_concept_id, 40 as image_feature_event_field_concept_id,
           i as image_feature_event_id, if(i = 3, 5, null) as image_finding_id,
           if(i = 3, 'alg:/-/a', null) as alg_system
    from (values (1), (2), (3), (9)) as t (i);
create table omop.image_feature_detail as
    select image_feature_id, if(image_feature_id = 3, 'report', 'attribute') as origin
    from omop.image_feature;
create table omop.finding_timeline as
    from (values ('followed', 1, 7, 's2'), ('followed', 1, 7, 's3'), ('baseline', 1, 7, 's1'))
    as t (status, episode_id, person_id, image_study_uid);
create table quality.report_template as
    from (values ('Imaging Measurement Report', '126000', '1500', 2, 7, 9, 5, 11, 0),
                 (null, 'LIVER', null, 1, 3, 1, 0, 0, 4))
    as t (title_meaning, title_code, template_id, report_count, number_count, code_count,
          feature_count, context_count, without_rule_count);
create table omop.measurement as
    from (values (1, 7, date '2020-02-29', 30, 120.0, null, '120.00', 'kV'),
                 (2, 7, date '2020-02-29', 30, null, 50, 'AX', null),
                 (3, 7, date '2020-02-29', 30, null, null, chr(27) || '[31mred', null))
    as t (measurement_id, person_id, measurement_date, measurement_concept_id, value_as_number,
          value_as_concept_id, value_source_value, unit_source_value);
create table quality.quarantine as
    from (values ('file', 'truncated_meta', 'error'), ('file', 'dicomdir', 'info'),
                 ('file', 'dicomdir', 'info'))
    as t (grain, reason_code, severity);
create table quality.attrition as
    select 1 as stage_order, 'extract' as stage, 'file' as grain, 62 as rows_in, 60 as rows_out,
           2 as rows_quarantined;
"""


def made(path: Path, statements: str = TABLES) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statements)
    return path


def printed(database: Path) -> str:
    stream = io.StringIO()
    report(database, Console(file=stream, width=100, highlight=False))
    return stream.getvalue()


def test_report(tmp_path: Path) -> None:
    lines = printed(made(tmp_path / "m.duckdb")).splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    words = {" ".join(line.split()) for line in lines}
    assert "omop image_occurrence 20" in words
    assert "1 7 2020-02-29 Computed tomography Chest [thorax] 3" in words
    assert "1 2 KVP 1 120 kV" in words
    assert "2 2 KVP 2 Axial" in words
    assert not any(line.startswith("9 1 KVP") for line in words), "one series is shown"
    assert "CT Computed tomography 20 60 1" in words
    assert "absent 19 0" in words
    assert "mapped BodyPartExamined 1 1" in words
    assert text.index("truncated_meta") < text.index("dicomdir")
    assert "file dicomdir info 2" in words
    assert "extract file 62 60 2" in words
    assert "attribute 3 2 0 0" in words
    assert "report 1 1 1 1" in words
    assert text.index("LIVER") < text.index("Imaging Measurement Report"), "a rule is missing"
    assert "LIVER 1 3 1 0 0 4" in words
    assert "Imaging Measurement Report 2 7 9 5 11 0" in words
    assert text.index("\nbaseline") < text.index("\nfollowed")
    assert "followed 1 1 2" in words
    assert "not_for_readers" not in text
    assert max(map(len, lines)) <= 100


def test_first_rows_only(tmp_path: Path) -> None:
    text = printed(made(tmp_path / "m.duckdb"))
    assert text.count("2020-02-29") == FIRST_ROWS


def test_no_control_character_reaches_the_terminal(tmp_path: Path) -> None:
    text = printed(made(tmp_path / "m.duckdb"))
    assert "?[31mred" in text
    assert "\x1b" not in text


def test_same_twice_and_plain_off_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = made(tmp_path / "m.duckdb")
    report(database)
    first = capsys.readouterr().out
    report(database)
    assert capsys.readouterr().out == first
    assert "\x1b" not in first


def test_missing_tables_are_a_sentence(tmp_path: Path) -> None:
    text = printed(made(tmp_path / "m.duckdb", TABLES + "drop table quality.quarantine;"))
    assert "Left out, and why: no table quality.quarantine yet." in text
    assert "From file to row" in text


def test_empty_table_says_so(tmp_path: Path) -> None:
    text = printed(made(tmp_path / "m.duckdb", TABLES + "delete from omop.image_feature;"))
    assert "(no rows)" in text


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="There is no file"):
        report(tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()


def test_not_built_yet(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="holds no CDM tables yet"):
        printed(made(tmp_path / "m.duckdb", "create schema omop;"))


def test_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "m.duckdb"
    path.write_text("hello" * 10_000)
    with pytest.raises(ReportError, match="can't be opened"):
        report(path)


def test_database_is_not_changed(tmp_path: Path) -> None:
    path = made(tmp_path / "m.duckdb")
    before = path.read_bytes()
    printed(path)
    assert path.read_bytes() == before


def test_command(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["report", str(tmp_path / "none.duckdb")])
    assert missing.exit_code == 2
    assert missing.stderr.startswith("micdm: There is no file")
    result = CliRunner().invoke(app, ["report", str(made(tmp_path / "m.duckdb"))])
    assert result.exit_code == 0
    assert "From file to row" in result.stdout
