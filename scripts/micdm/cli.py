"""The command `micdm`: one function a command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from micdm import __version__

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="DICOM headers for the OMOP Medical Imaging CDM.",
)


def fail(message: str) -> typer.Exit:
    """Say in one sentence why a command could not run; exit status 2."""
    print(f"micdm: {message}", file=sys.stderr)
    return typer.Exit(2)


def _show_version(value: bool) -> None:
    if value:
        print(f"micdm {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """DICOM headers for the OMOP Medical Imaging CDM."""


@app.command()
def stage(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Folders, files, archives; - is a list on stdin."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the staged tables are.")
    ] = Path("data/raw"),
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; as many as there are CPUs if not given.")
    ] = None,
    attributes: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Attribute list of the site; its rows win. Repeatable."),
    ] = None,
    report_texts: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="More concepts whose text is staged from reports: scheme,code. Repeatable.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when a file is rejected, now or before.")
    ] = False,
    list_non_dicom: Annotated[
        bool, typer.Option("--list-non-dicom", help="List files that are not DICOM as rejected.")
    ] = False,
    follow_deleted: Annotated[
        bool, typer.Option(help="Mark staged files that are gone from the folders given.")
    ] = True,
    pseudonyms: Annotated[
        bool,
        typer.Option(
            "--pseudonyms", help="Replace who, where and when; the key is MICDM_PSEUDONYM_KEY."
        ),
    ] = False,
    keep_text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="A text attribute that --pseudonyms would drop, such as StudyDescription."
            " Repeatable.",
        ),
    ] = None,
) -> None:
    """Read DICOM headers and write the staged tables as Parquet."""
    from micdm import run  # here, so that `micdm --help` is quick

    options = run.Options(
        paths,
        out,
        workers,
        attributes or [],
        report_texts or [],
        list_non_dicom=list_non_dicom,
        follow_deleted=follow_deleted,
        pseudonyms=pseudonyms,
        keep_texts=keep_text or [],
    )
    try:
        summary = run.stage(options)
    except run.CannotRunError as error:
        raise fail(str(error)) from None
    run.print_summary(summary)
    if summary.signal_number is not None:
        raise typer.Exit(128 + summary.signal_number)
    if strict and (summary.counts.rejected or summary.counts.rejected_before):
        raise typer.Exit(1)


@app.command("load-results")
def load_results(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="CSV, JSON lines (both also .gz) or Parquet."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the staged tables are.")
    ] = Path("data/raw"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when a row is rejected.")
    ] = False,
    pseudonyms: Annotated[
        bool,
        typer.Option(
            "--pseudonyms", help="Replace UIDs as `micdm stage --pseudonyms` does, with its key."
        ),
    ] = False,
) -> None:
    """Check what algorithms found in images, and add it to the staged tables."""
    from micdm import results  # here, so that `micdm --help` is quick

    try:
        summary = results.load_results(files, out, pseudonyms=pseudonyms)
    except results.CannotLoadError as error:
        raise fail(str(error)) from None
    results.print_summary(summary)
    if strict and summary.rejected:
        raise typer.Exit(1)


@app.command("pseudonym")
def pseudonym(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="patient, issuer, accession, uid or days.")
    ],
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read CSV, replace this column; else a value a line."),
    ] = None,
) -> None:
    """Replace ids from stdin by the pseudonyms that staging makes of them."""
    from micdm import pseudonyms

    try:
        pseudonyms.convert(kind, column, sys.stdin.buffer, sys.stdout)
    except pseudonyms.PseudonymError as error:
        raise fail(str(error)) from None


@app.command()
def load(
    to: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="postgresql://user@host:port/database; PG* variables give what it leaves out.",
        ),
    ] = "postgresql://",
    raw: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="Where the staged tables are.")
    ] = Path("data/raw"),
    schema: Annotated[
        str, typer.Option(metavar="NAME", help="The schema that gets them.")
    ] = "raw_dicom",
) -> None:
    """Load the staged tables into Postgres; what is loaded already is left alone."""
    from micdm import load as loading

    def tell(table: str, part: str, rows: int) -> None:
        if rows:
            print(f"{table}: {rows} rows from {part}", flush=True)

    try:
        summary = loading.load(raw, to, schema, tell)
    except loading.LoadError as error:
        raise fail(str(error)) from None
    print(
        f"Loaded {summary.rows} rows of {summary.parts} files into {schema}; "
        f"{summary.unchanged} files were loaded before; {summary.deleted_rows} old rows deleted."
    )


@app.command("load-vocabulary")
def load_vocabulary(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="An unpacked download from Athena.")
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="postgresql://user@host:port/database; PG* variables give what it leaves out.",
        ),
    ] = "postgresql://",
    schema: Annotated[
        str, typer.Option(metavar="NAME", help="The schema that gets it.")
    ] = "vocabulary",
) -> None:
    """Load an OMOP vocabulary into Postgres; what was loaded before is replaced."""
    from micdm import load_vocabulary as loading
    from micdm.load import LoadError

    def tell(table: str, rows: int) -> None:
        print(f"{table}: {rows} rows", flush=True)

    try:
        rows = loading.load_vocabulary(folder, to, schema, tell)
    except LoadError as error:
        raise fail(str(error)) from None
    print(f"Loaded {rows} rows into {schema}.")


@app.command()
def report(
    database: Annotated[
        Path, typer.Argument(metavar="[DATABASE]", help="The DuckDB file that dbt built.")
    ] = Path("micdm.duckdb"),
) -> None:
    """Show what a built DuckDB file holds: rows, modalities, what was left out and why."""
    from micdm import report as reporting

    try:
        reporting.report(database)
    except reporting.ReportError as error:
        raise fail(str(error)) from None


if __name__ == "__main__":
    app()
