"""What a nightly run costs beside a full build.

``python benchmarks/nightly.py [SERIES]``, 200,000 if not given. A hospital of ten years is staged,
then a night with 1 % more series: new studies, 70 % of them of patients who have been there before.
dbt is timed on the first (full), again with nothing new, and with the night. Seconds differ from
machine to machine, the ratio less: 0.099 for ``dbt run`` on two cores.

Nobody has so many files to share: series that PyPI packages ship, and made ones with reports and
segmentations, are staged once; then the staged rows are copied, each time with new UIDs, paths,
dates and patients. About 4 studies a patient, 5 series a study. A CT, MR or PET series has as many
images as ``--slices`` says, if need be the same ones again under other UIDs: with the default about
50 instances a series, as in an archive of 100 million instances in 2 million series. Importing,
parsing and one node after another cost dbt some seconds however little there is to do: the line
"nothing new" says how many. With few slices that is more than a tenth of a full build.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))

import finding_factory as make
import pipeline
from dicom_factory import ROOT
from micdm.schema import SCHEMAS
from micdm.staging import make_folders

COMMANDS = {"run": ("run",), "build": ("build",)}
SERIES_A_STUDY, STUDIES_A_PATIENT = 5, 4
NEW, OF_KNOWN_PATIENTS = 0.01, 0.7
FIRST_DAY, LAST_DAY, NIGHT = "2014-01-01", "2023-12-31", "2024-01-01"


# What is copied


def examination(number: int, *, device: str | None) -> list[Dataset]:
    """Make a CT of three series, a segmentation and a report, which follows two lesions."""
    series = [make.images(10 * number + place, 4, study=number) for place in (1, 2, 3)]
    segmentation = make.segmentation(number, series[0])
    nodule = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        make.tracking(100),
        referenced_region=make.on_image(series[0][0]),
        finding_type=codes.SCT.Nodule,
        finding_sites=make.site(side=codes.SCT.Left),
        measurements=[make.diameter(8.5)],
    )
    volume = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        make.tracking(101),
        referenced_segment=make.in_segment(segmentation, 1, series[0]),
        finding_type=codes.SCT.Nodule,
        algorithm_id=make.algorithm(),
        measurements=[hd.sr.Measurement(codes.SCT.Volume, 300, codes.UCUM.CubicMillimeter)],
    )
    images = [image for one in series for image in one]
    report = make.report(number, [*images, segmentation], nodule, volume, device=device)
    return [*images, segmentation, report]


def stage_seed(folder: Path) -> Path:
    """Stage what packages ship and two made examinations; return the staged folder."""
    pipeline.run(
        [sys.executable, pipeline.PROJECT / "scripts" / "sample_dicom.py", folder / "sample"]
    )
    make.write(folder / "made", examination(1, device=None), examination(2, device="lung ai"))
    # One worker: each header is staged once.
    pipeline.stage(folder / "sample", folder / "made", out=folder / "seed", options=["--workers=1"])
    return folder / "seed"


def read_seed(connection: duckdb.DuckDBPyConnection, seed: Path, slices: int) -> int:
    """Choose the files that are copied, five series a study; return how many such studies."""
    for name in CHANGES:
        parts = seed / name / "*.parquet"
        connection.execute(f"create view {name} as select * from read_parquet('{parts}')")
    connection.execute(
        f"""
        create table seed_file as
        with instance as (
            select
                *,
                study_instance_uid like '{ROOT}.%' as is_made,
                row_number() over (partition by sop_instance_uid order by uri) as place
            from dicom_instance
        ),
        usable as (
            select
                *,
                row_number() over (
                    partition by series_instance_uid order by uri
                ) as place_in_series
            from instance
            where place = 1
                and modality in ('CT', 'MR', 'PT', 'US', 'CR', 'DX', 'NM', 'SEG', 'SR')
                and study_date is not null
                and header_id not in (
                    select header_id from dicom_header_element where path like 'OtherPatient%'
                )
        ),
        numbered as (
            select
                *,
                -- What is no image comes with its images only.
                if(
                    is_made, study_instance_uid,
                    cast((dense_rank() over (order by is_made, modality, series_instance_uid) - 1)
                        // {SERIES_A_STUDY} as varchar)
                ) as study_name
            from usable
            where place_in_series <= {slices}
                and (is_made or modality not in ('SEG', 'SR'))
        ),
        whole as (
            select study_name from numbered group by study_name
            having count(distinct series_instance_uid) = {SERIES_A_STUDY}
        )
        select
            file_id,
            header_id,
            dense_rank() over (order by study_name) - 1 as seed_study,
            -- How often a slice is there.
            if(
                modality in ('CT', 'MR', 'PT'),
                {slices} // count(*) over (partition by series_instance_uid), 1
            ) as repeats
        from numbered inner join whole using (study_name)
        """
    )
    ((count,),) = connection.execute("select max(seed_study) + 1 from seed_file").fetchall()
    return int(count)


# Copying


def uid(column: str, by: str = "study") -> str:
    """Name an expression for the UID that a copy has in place of the seed's."""
    return (
        f"case when {column} is not null"
        f" then '{ROOT}.9.' || {by} || '.' || hash({column}, '{by}') end"
    )


def file_key(column: str) -> str:
    """Name an expression for a copy's file id."""
    return f"md5({column} || ' ' || study || ' ' || slice)"


def day(column: str) -> str:
    """Name an expression for the day of a copy, where the seed has one."""
    return f"case when {column} is not null then day end"


STUDY_UID = f"'{ROOT}.9.' || study"
HEADER_KEY = "md5(header_id || ' ' || study)"
CHANGES = {
    "dicom_instance": {
        "file_id": file_key("file_id"),
        "header_id": HEADER_KEY,
        "uri": "'/archive/' || strftime(day, '%Y/%m/%d/') || study || '/'"
        " || hash(series_instance_uid) || '/' || file_id || '-' || slice || '.dcm'",
        "file_mtime": "day + interval '20' hour",
        "sop_instance_uid": f"{uid('sop_instance_uid')} || if(slice > 0, '.' || slice, '')",
        "series_instance_uid": uid("series_instance_uid"),
        "study_instance_uid": STUDY_UID,
        "patient_id": "'P' || patient",
        "issuer_of_patient_id": "cast(null as varchar)",
        "accession_number": "'A' || study",
        "study_date": day("study_date"),
        "series_date": day("series_date"),
        "acquisition_date": day("acquisition_date"),
        "content_date": day("content_date"),
        "patient_sex": "if(hash(patient, 'sex') % 2 = 0, 'F', 'M')",
        "patient_birth_date": "cast("
        "date '1930-01-01' + cast(hash(patient, 'birth') % 25000 as integer) as date)",
        "patient_age": "cast(null as varchar)",
    },
    # An exposure that two patients share would tie them together: read in the same nights.
    "dicom_header_element": {
        "header_id": HEADER_KEY,
        **{
            column: f"case when path = 'IrradiationEventUID' then {uid(column)} else {column} end"
            for column in ("value_text", "value_key")
        },
    },
    "dicom_instance_element": {"file_id": file_key("file_id")},
    "dicom_sr_item": {
        "file_id": file_key("file_id"),
        "referenced_sop_instance_uid": uid("referenced_sop_instance_uid"),
        "referenced_frame_of_reference_uid": uid("referenced_frame_of_reference_uid"),
        # A lesion is followed from study to study of a patient.
        "value_text": "case when value_type <> 'UIDREF' or concept_code = '121012' then value_text"
        f" when concept_code = '112040' then {uid('value_text', 'patient')}"
        f" else {uid('value_text')} end",
    },
    "dicom_reference": {
        "file_id": file_key("file_id"),
        "study_instance_uid": f"case when study_instance_uid is not null then {STUDY_UID} end",
        "series_instance_uid": uid("series_instance_uid"),
        "sop_instance_uid": uid("sop_instance_uid"),
    },
    "dicom_segment": {
        "file_id": file_key("file_id"),
        "tracking_uid": uid("tracking_uid", "patient"),
    },
}


def add_studies(
    connection: duckdb.DuckDBPyConnection, seeds: int, first: int, count: int, patients: str
) -> None:
    """Make a list of studies; `patients` is an expression for the patient of study i."""
    connection.execute(
        f"""
        create or replace table study as
        select
            i as study,
            {patients} as patient,
            cast(hash(i, 'seed') % {seeds} as integer) as seed_study,
            cast(date '{FIRST_DAY}' + cast(
                hash(i, 'day') % date_diff('day', date '{FIRST_DAY}', date '{LAST_DAY}') as integer
            ) as date) as day
        from range({first}, {first + count}) as made(i)
        """
    )


def write_run(connection: duckdb.DuckDBPyConnection, raw: Path, day_of_run: str) -> str:
    """Write a run that staged the studies on the list; say how much that is."""
    run_id = day_of_run.replace("-", "") + "T230000000000Z-benchm"
    for name in CHANGES:
        by = "header_id" if name == "dicom_header_element" else "file_id"
        slices = "0" if by == "header_id" else "unnest(range(repeats))"
        changed = {"run_id": f"'{run_id}'", **CHANGES[name]}
        changes = ", ".join(f"{value} as {column}" for column, value in changed.items())
        columns = ", ".join(f"copied.{column}" for column in SCHEMAS[name].names)
        connection.execute(
            f"""
            copy (
                with copied as (
                    select seed.* replace ({changes}), study
                    from (
                        select distinct seed_study, {by}, {slices} as slice from seed_file
                    ) as chosen
                    inner join study using (seed_study)
                    inner join {name} as seed using ({by})
                    {"where path <> 'PatientAge'" if name == "dicom_instance_element" else ""}
                )
                select {columns} from copied order by study
            ) to '{raw / name / run_id}.parquet' (format parquet, compression zstd)
            """
        )
    connection.execute(
        f"""
        copy (
            select
                '{run_id}' as run_id, '0.1.0' as micdm_version, '/archive' as arguments,
                timestamp '{day_of_run} 23:00:00' as started_at,
                timestamp '{day_of_run} 23:30:00' as finished_at,
                count(*) as files, count(*) as instances,
                0::bigint as rejected, 0::bigint as non_dicom, 0::bigint as unchanged,
                0::bigint as deleted, count(distinct series_instance_uid) as series,
                'completed' as exit_reason, '{"0" * 32}' as attribute_list_id
            from '{raw / "dicom_instance" / run_id}.parquet'
        ) to '{raw / "extract_run" / run_id}.parquet' (format parquet)
        """
    )
    ((series, instances),) = connection.execute(
        f"select series, instances from '{raw / 'extract_run' / run_id}.parquet'"
    ).fetchall()
    return f"{series:,} series of {instances:,} instances"


class Hospital:
    """Stages a hospital's archive, then its nights."""

    def __init__(self, folder: Path, series: int, slices: int) -> None:
        self.raw = folder / "raw"
        self.studies = series // SERIES_A_STUDY
        self.patients = max(1, self.studies // STUDIES_A_PATIENT)
        self.connection = duckdb.connect()
        self.seeds = read_seed(self.connection, stage_seed(folder), slices)

    def stage_base(self) -> str:
        """Stage ten years."""
        make_folders(self.raw)
        patients = f"hash(i, 'patient') % {self.patients}"
        add_studies(self.connection, self.seeds, 1, self.studies, patients)
        return write_run(self.connection, self.raw, LAST_DAY)

    def stage_night(self) -> str:
        """Stage one night more."""
        count = max(1, int(self.studies * NEW))
        known = int(count * OF_KNOWN_PATIENTS)
        first = self.studies + 1
        patients = (
            f"if(i < {first + known}, hash(i, 'patient') % {self.patients}, i + {self.patients})"
        )
        add_studies(self.connection, self.seeds, first, count, patients)
        self.connection.execute(f"update study set day = date '{NIGHT}'")
        return write_run(self.connection, self.raw, NIGHT)

    def forget_night(self) -> None:
        """Take the night away again, for another command."""
        for part in self.raw.glob(f"*/{NIGHT.replace('-', '')}*.parquet"):
            part.unlink()


# Timing


def seconds(database: pipeline.DuckDB, *words: str) -> float:
    """Return how long a dbt command takes."""
    started = time.perf_counter()
    database.build(*words)
    return time.perf_counter() - started


def slowest(database: pipeline.DuckDB, count: int) -> list[tuple[str, float]]:
    """Return the nodes of the last command that took longest."""
    results = json.loads((database.path.with_suffix(".target") / "run_results.json").read_text())
    found = [(r["unique_id"], float(r["execution_time"])) for r in results["results"]]
    return sorted(found, key=lambda pair: -pair[1])[:count]


def compare(hospital: Hospital, folder: Path, command: str, count: int) -> None:
    """Time a command in full, with nothing new and after a night; print seconds and ratios."""
    hospital.forget_night()
    database = pipeline.DuckDB(folder / f"{command}.duckdb", hospital.raw)
    if command == "run":  # `build` loads the seeds itself
        print(f"dbt seed, nothing there yet{seconds(database, 'seed'):20.1f} s")
    full = 0.0
    for title in ("full", "nothing new", "a night"):
        if title == "a night":
            hospital.stage_night()
        found = seconds(database, *COMMANDS[command])
        full = full or found
        print(f"dbt {command + ', ' + title:<30}{found:13.1f} s   {found / full:6.3f} of full")
        for name, taken in slowest(database, count):
            print(f"    {name:<70}{taken:8.1f} s")


def main() -> None:
    """Stage and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", type=int, nargs="?", default=200_000)
    parser.add_argument("--slices", type=int, default=80, help="images of a CT, MR or PET series")
    parser.add_argument("--command", choices=COMMANDS, action="append", help="both if not given")
    parser.add_argument("--slowest", type=int, default=5, help="models and tests to name")
    parser.add_argument("--keep", type=Path, help="a new folder for what is made; else temporary")
    options = parser.parse_args()
    pipeline.LONGEST = 6 * 3600
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        hospital = Hospital(folder, options.series, options.slices)
        print(f"{hospital.stage_base()}; in a night {hospital.stage_night()}")
        for command in options.command or COMMANDS:
            compare(hospital, folder, command, options.slowest)


if __name__ == "__main__":
    main()
