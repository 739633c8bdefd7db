"""Ratios of the extractor against baselines measured in the same run.

``python benchmarks/extract.py [--files N]``. Seconds differ from machine to machine and from hour
to hour; a ratio to something measured a moment ago does not. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

from micdm import run
from micdm.reader import read_header

ROUNDS = 7
READS = 50  # of a file, a round
SAMPLES = ("CT_small.dcm", "MR_small.dcm", "eCT_Supplemental.dcm", "emri_small.dcm")


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ratio(name: str, work: Callable[[], object], baseline: Callable[[], object]) -> None:
    """Time both in turns and print the ratio: minimum, median and maximum of the rounds."""
    found = [seconds(work) / seconds(baseline) for _ in range(ROUNDS)]
    low, middle, high = min(found), statistics.median(found), max(found)
    print(f"{name:<60} {middle:6.2f}  ({low:.2f} to {high:.2f})")


def copies(folder: Path, count: int) -> None:
    """Write copies of a real CT slice, each with a SOP instance UID of its own."""
    source = Path(str(get_testdata_file("CT_small.dcm")))
    content = source.read_bytes()
    uid = pydicom.dcmread(source).SOPInstanceUID.encode()
    for number in range(count):
        own = f"1.2.3.{number:0{len(uid) - 6}}".encode().replace(b".0", b".1", 1)
        path = folder / f"{number // 1000:04}" / f"{number:07}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.replace(uid, own[: len(uid)]))


def compare_reading() -> None:
    """Compare with the plainest use of pydicom, and with reading the same values by it."""
    attributes = run.read_attribute_list()
    keywords = [a.keyword for a in attributes.attributes if len(a.steps) == 1]

    def ours(path: Path, *, decode: bool) -> None:
        for _ in range(READS):
            with path.open("rb") as file:
                header = read_header(file, path.stat().st_size, attributes)
                if decode:
                    header.decode()

    def plain(path: Path, *, values: bool) -> None:
        for _ in range(READS):
            found = pydicom.dcmread(path, stop_before_pixels=True)
            if values:
                for keyword in keywords:
                    found.get(keyword)

    for name in SAMPLES:
        path = Path(str(get_testdata_file(name)))
        ratio(
            f"{name}: read and hash / dcmread(stop_before_pixels)",
            lambda p=path: ours(p, decode=False),
            lambda p=path: plain(p, values=False),
        )
        ratio(
            f"{name}: read and decode / dcmread and get values",
            lambda p=path: ours(p, decode=True),
            lambda p=path: plain(p, values=True),
        )


def compare_staging(count: int) -> None:
    """Compare two processes with one, and a second run with a first."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        copies(source, count)
        made = iter(range(1_000))

        def stage(workers: int, out: Path | None = None) -> None:
            target = out or Path(folder) / f"out{next(made)}"
            run.stage(run.Options([str(source)], target, workers))

        done = Path(folder) / "done"
        one = seconds(lambda: stage(1, done))
        print(
            f"{count} files, 1 worker: {one:.1f} s, {count / one:.0f} files/s (this machine, now)"
        )
        ratio("time of 2 workers / 1 worker", lambda: stage(2), lambda: stage(1))
        ratio(
            "time of a second run, nothing new / first run",
            lambda: stage(1, done),
            lambda: stage(1),
        )


def main() -> None:
    """Run the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    count = parser.parse_args().files
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    compare_reading()
    compare_staging(count)


if __name__ == "__main__":
    main()
