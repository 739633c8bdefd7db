"""One run of the extractor: find the files, share them out to processes, keep the account."""

from __future__ import annotations

import concurrent.futures as cf
import datetime as dt
import hashlib
import itertools
import multiprocessing as mp
import multiprocessing.connection
import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from micdm import __version__, sources, staging
from micdm.attributes import AttributeList, AttributeListError, load_attributes
from micdm.content import MARKERS
from micdm.identity import VR_OF
from micdm.progress import Reporter
from micdm.pseudonyms import PseudonymError, Pseudonyms, claim, read_key
from micdm.reader import DIRECTORY_RECORDS
from micdm.schema import SCHEMAS
from micdm.seeds import SeedError
from micdm.sources import Entry, Found, Walk, show_path
from micdm.staging import Keys
from micdm.texts import load_texts
from micdm.worker import Counts, Settings, Worker

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

SMALL_INPUT = 512
FIRST_CHUNK, LARGEST_CHUNK = 64, 4_096
CHUNKS_AHEAD = 2


class CannotRunError(Exception):
    """The run can't start; the message is one sentence for the user."""


def utc_now() -> dt.datetime:
    """Return the time in UTC, without zone as the tables have it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    paths: Sequence[str]
    out: Path
    workers: int | None = None
    attribute_files: Sequence[Path] = ()
    text_files: Sequence[Path] = ()
    list_non_dicom: bool = False
    follow_deleted: bool = True
    pseudonyms: bool = False
    keep_texts: Sequence[str] = ()


@dataclass(slots=True)
class Summary:
    """The account of a run."""

    run_id: str
    counts: Counts
    series: int = 0
    exit_reason: str = "running"
    started_at: dt.datetime = field(default_factory=utc_now)
    finished_at: dt.datetime | None = None
    signal_number: int | None = None

    @property
    def seconds(self) -> float:
        """Time the run took."""
        return ((self.finished_at or utc_now()) - self.started_at).total_seconds()


def new_run_id() -> str:
    """Return a run id that sorts by time: UTC to the microsecond, and six random digits."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


def read_attribute_list(
    files: Sequence[Path] = (), text_files: Sequence[Path] = ()
) -> AttributeList:
    """Return the attribute list, with all that the reader needs besides."""
    return load_attributes(
        files,
        identity_tags=VR_OF,
        markers=(DIRECTORY_RECORDS, *MARKERS),
        texts=load_texts(text_files),
    )


def stage(options: Options) -> Summary:
    """Stage all DICOM headers below the paths.

    Raises
    ------
    CannotRunError
        When a path is missing, the output can't be written or the attribute list is wrong.
    """
    attributes, pseudonyms = _check(options)
    try:
        with staging.locked(options.out):
            staging.make_folders(options.out)
            probe = options.out / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
            claim(options.out, pseudonyms)
            return _stage(options, attributes, pseudonyms)
    except (staging.BusyError, PseudonymError) as error:
        raise CannotRunError(str(error)) from None
    except OSError as error:
        raise CannotRunError(f"Can't write to {options.out}: {error.strerror}.") from error


def _stage(options: Options, attributes: AttributeList, pseudonyms: Pseudonyms | None) -> Summary:
    summary = Summary(new_run_id(), Counts())
    settings = Settings(options.out, summary.run_id, attributes, options.list_non_dicom, pseudonyms)
    try:
        staged = staging.load_staged(options.out)
        _write_run(options, settings, summary)
    except (OSError, pa.ArrowException) as error:
        raise CannotRunError(f"Can't use what is staged in {options.out}: {error}.") from error
    run = _Run(options, settings, staged, summary)
    try:
        with _signals() as stop, Reporter() as reporter:
            run.go(stop, reporter)
            summary.signal_number = stop.number
            summary.exit_reason = "interrupted" if stop.is_set() else "completed"
    except staging.CannotWriteError as error:
        summary.exit_reason = "failed"
        raise CannotRunError(
            f"Can't write to {options.out}: {error}; run again to go on."
        ) from None
    except BrokenProcessPool:
        summary.exit_reason = "failed"
        message = "A worker process was killed, perhaps for memory; run again to go on."
        raise CannotRunError(message) from None
    except BaseException:
        summary.exit_reason = "failed"
        raise
    finally:
        summary.finished_at = utc_now()
        with suppress(OSError) if summary.exit_reason == "failed" else nullcontext():
            _write_run(options, settings, summary)
    return summary


def _check(options: Options) -> tuple[AttributeList, Pseudonyms | None]:
    for path in options.paths:
        if path != "-" and not os.path.exists(path):  # noqa: PTH110 - also for odd names
            raise CannotRunError(f"There is no file or folder {show_path(path)}.")
    try:
        attributes = read_attribute_list(options.attribute_files, options.text_files)
    except AttributeListError as error:
        raise CannotRunError(f"The attribute list can't be used: {error}.") from error
    except SeedError as error:
        raise CannotRunError(f"The list of report texts can't be used: {error}.") from error
    pseudonyms = None
    if options.pseudonyms:
        attributes, pseudonyms = _with_pseudonyms(options, attributes)
    elif options.keep_texts:
        raise CannotRunError("--keep-text goes with --pseudonyms: without it all texts are kept.")
    return attributes, pseudonyms


def _with_pseudonyms(
    options: Options, attributes: AttributeList
) -> tuple[AttributeList, Pseudonyms]:
    """Return how pseudonyms are made; other texts kept are another reading of the files."""
    unknown = set(options.keep_texts) - {a.path for a in attributes.attributes}
    if unknown:
        raise CannotRunError(f"There is no {min(unknown)} on the attribute list to be kept.")
    try:
        key = read_key()
    except PseudonymError as error:
        raise CannotRunError(str(error)) from None
    numbers = [a.path for a in attributes.attributes if a.value_type == "number"]
    pseudonyms = Pseudonyms(key, [*options.keep_texts, *numbers])
    reading = "\n".join((attributes.list_id, *sorted(pseudonyms.texts)))
    list_id = hashlib.blake2b(reading.encode(), digest_size=16).hexdigest()
    return replace(attributes, list_id=list_id), pseudonyms


class _Stop(threading.Event):
    """Set by a signal; remembers which."""

    number: int | None = None


@contextmanager
def _signals() -> Iterator[_Stop]:
    """Turn the first SIGINT or SIGTERM into an orderly end, the second into a quick one."""
    stop = _Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.number = number
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Run:
    """The state of a run in the main process."""

    def __init__(
        self, options: Options, settings: Settings, staged: staging.Staged, summary: Summary
    ) -> None:
        self.options, self.settings, self.staged = options, settings, staged
        self.summary, self.counts = summary, summary.counts
        excluded = os.path.realpath(options.out)
        self.walk = Walk(excluded=excluded)
        self.seen: list[Keys] = []
        self.series: Keys = np.empty(0, np.uint64)

    def go(self, stop: _Stop, reporter: Reporter) -> None:
        """Stage every chunk, then mark what is gone."""
        stdin = sys.stdin.buffer if "-" in self.options.paths else None
        entries = sources.find(self.options.paths, self.walk, stdin)
        first = list(itertools.islice(entries, SMALL_INPUT))
        workers = self.options.workers or os.cpu_count() or 1
        chunks = self._chunks(itertools.chain(first, entries), workers)
        if workers == 1 or len(first) < SMALL_INPUT:
            worker = Worker(self.settings, 0, self.staged)
            for chunk in chunks:
                self._account(worker.stage(chunk, stop.is_set), reporter)
                if stop.is_set():
                    return
        else:
            self._go_parallel(chunks, workers, stop, reporter)
        if not stop.is_set():
            self._mark_deleted(reporter)

    def _chunks(self, entries: Iterator[Entry], workers: int) -> Iterator[list[Entry]]:
        """Cut the files into chunks, small ones first; known files are left out and counted."""
        for number in itertools.count():
            size = min(FIRST_CHUNK << min(number // (2 * workers), 16), LARGEST_CHUNK)
            chunk = list(itertools.islice(entries, size))
            if not chunk:
                return
            if fresh := self._leave_out_known(chunk):
                yield fresh

    def _leave_out_known(self, chunk: list[Entry]) -> list[Entry]:
        uris = [self.settings.uri(entry.path) for entry in chunk]
        if self.options.follow_deleted:
            names = (staging.key_of_name(uri, None) for uri in uris)
            self.seen.append(np.fromiter(names, np.uint64, len(chunk)))
        if not len(self.staged.known):
            return chunk
        ids = (
            staging.key_of_id(self.settings.file_id(uri, None, e.size, e.mtime_ns))
            for uri, e in zip(uris, chunk, strict=True)
        )
        keys = np.fromiter(ids, np.uint64, len(chunk))
        is_known = np.fromiter((isinstance(e, Found) for e in chunk), bool, len(chunk))
        is_known &= staging.contains(self.staged.known, keys)
        is_known &= ~staging.contains(self.staged.broken, keys)
        known = keys[is_known]
        self.counts.files += len(known)
        self.counts.unchanged += len(known)
        self.counts.rejected_before += int(staging.contains(self.staged.rejected, known).sum())
        return [e for e, k in zip(chunk, is_known, strict=True) if not k]

    def _go_parallel(
        self, chunks: Iterator[list[Entry]], workers: int, stop: _Stop, reporter: Reporter
    ) -> None:
        context = mp.get_context("spawn")
        numbers = context.Value("i", 0)
        with tempfile.TemporaryDirectory(prefix="micdm-") as folder:
            # The known ids are shared as a mapped file: 100 million of them are 800 MB.
            np.save(Path(folder) / "known.npy", self.staged.known)
            np.save(Path(folder) / "rejected.npy", self.staged.rejected)
            arguments = (self.settings, Path(folder), self.staged.retried, numbers)
            pool = cf.ProcessPoolExecutor(workers, context, _start_worker, arguments)
            try:
                self._feed(pool, chunks, workers * CHUNKS_AHEAD, stop, reporter)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _feed(
        self,
        pool: cf.ProcessPoolExecutor,
        chunks: Iterator[list[Entry]],
        ahead: int,
        stop: _Stop,
        reporter: Reporter,
    ) -> None:
        waiting: set[cf.Future[Counts]] = set()
        more = True
        while more or waiting:
            while more and len(waiting) < ahead and not stop.is_set():
                chunk = next(chunks, None)
                if chunk is None:
                    more = False
                else:
                    waiting.add(_submit(pool, chunk))
            if stop.is_set():
                more = False
                waiting = {f for f in waiting if not f.cancel()}
            done, waiting = cf.wait(waiting, 0.5, cf.FIRST_COMPLETED)
            for future in done:
                self._account(future.result(), reporter)
            reporter.show(self.counts)

    def _account(self, counts: Counts, reporter: Reporter) -> None:
        self.counts.add(counts)
        series = np.fromiter(counts.series, np.uint64, len(counts.series))
        self.series = np.union1d(self.series, series)
        self.summary.series = len(self.series)
        if counts.members and self.options.follow_deleted:
            self.seen.append(np.fromiter(counts.members, np.uint64, len(counts.members)))
        reporter.show(self.counts)

    def _mark_deleted(self, reporter: Reporter) -> None:
        """Write a marker for each staged file below the folders walked that is gone.

        A folder that now holds no file at all is more likely an unmounted disk than a purge.
        """
        if not self.options.follow_deleted:
            return
        roots = []
        for root in self.walk.roots:
            if self.walk.files_under[root]:
                roots.append(root)
            else:
                shown = self.settings.uri(root)
                reporter.warn(f"{shown} holds no file: nothing is marked as deleted")
        unseen = [*self.walk.unseen, *self.counts.unseen]
        if unseen:
            reporter.warn(f"{len(unseen)} folders or files can't be looked into; kept as they are")
        if not roots:
            return
        seen = staging.join_sorted(self.seen)
        followed = [self.settings.uri(r) for r in roots]
        kept = [self.settings.uri(u) for u in unseen]

        def is_followed(uri: str) -> bool:
            return any(sources.is_under(uri, r) for r in followed) and not any(
                sources.is_under(uri, u) for u in kept
            )

        rows = staging.deleted_rows(
            self.settings.out, self.settings.run_id, seen, is_followed, self.staged.marked
        )
        for number in itertools.count():
            part = list(itertools.islice(rows, 100_000))
            if not part:
                break
            name = f"{self.settings.run_id}-deleted-{number:06}"
            staging.commit(self.settings.out, name, {"dicom_rejected": part})
            self.counts.deleted += len(part)


def _submit(pool: cf.ProcessPoolExecutor, chunk: list[Entry]) -> cf.Future[Counts]:
    """Hand a chunk over. A process that starts here inherits that signals are blocked.

    So Ctrl-C, which reaches the whole group, ends the main process only, and in order.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        return pool.submit(_stage_chunk, chunk)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_worker: Worker | None = None


def _start_worker(
    settings: Settings, folder: Path, retried: dict[str, str], numbers: Synchronized[int]
) -> None:
    """Set a worker process up; none outlives the main process."""
    global _worker  # noqa: PLW0603 - the one place a pool's process can keep its state
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with numbers.get_lock():
        own = numbers.value
        numbers.value += 1
    known, rejected = (np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("known", "rejected"))
    _worker = Worker(settings, own, staging.Staged(known, rejected, retried))


def _end_with_parent() -> None:
    parent = mp.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _stage_chunk(chunk: list[Entry]) -> Counts:
    if _worker is None:
        raise RuntimeError("the worker process was not set up")
    return _worker.stage(chunk)


def _arguments(options: Options, settings: Settings) -> list[str]:
    def shown(path: str | Path) -> str:
        if settings.pseudonyms is None or path == "-":
            return show_path(str(path))
        return settings.uri(os.path.normpath(Path(path).absolute()))

    arguments = [shown(p) for p in options.paths]
    arguments += [f"--attributes {shown(path)}" for path in options.attribute_files]
    arguments += [f"--report-texts {shown(path)}" for path in options.text_files]
    arguments += ["--pseudonyms"] if options.pseudonyms else []
    return arguments + [f"--keep-text {name}" for name in options.keep_texts]


def _write_run(options: Options, settings: Settings, summary: Summary) -> None:
    counts = summary.counts
    arguments = _arguments(options, settings)
    row = (
        summary.run_id,
        __version__,
        " ".join(arguments),
        summary.started_at,
        summary.finished_at,
        counts.files,
        counts.instances,
        counts.rejected.total(),
        counts.non_dicom,
        counts.unchanged,
        counts.deleted,
        summary.series,
        summary.exit_reason,
        settings.attributes.list_id,
    )
    table = staging.to_table(SCHEMAS["extract_run"], [row])
    staging.write_part(options.out / "extract_run" / f"{summary.run_id}.parquet", table)


def print_summary(summary: Summary) -> None:
    """Print the closing summary to stdout."""
    counts = summary.counts
    lines = [
        ("files", counts.files),
        ("DICOM instances", counts.instances),
        ("series", summary.series),
        *([("  reports", counts.reports)] if counts.reports else []),
        *([("  segmentations", counts.segmentations)] if counts.segmentations else []),
        ("rejected", counts.rejected.total()),
        *((f"  {reason}", n) for reason, n in sorted(counts.rejected.items())),
        ("not DICOM", counts.non_dicom),
        ("unchanged", counts.unchanged),
        *([("  rejected before", counts.rejected_before)] if counts.rejected_before else []),
        ("deleted", counts.deleted),
    ]
    print(f"run {summary.run_id} {summary.exit_reason} in {summary.seconds:.1f} seconds")
    for name, number in lines:
        print(f"{name:<28}{number:>14,}")
