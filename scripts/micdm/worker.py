"""Stage one chunk of files: read them, collect rows, commit parts. Runs in each process."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from micdm import containers, staging
from micdm.attributes import AttributeList
from micdm.containers import Member, RefusedMember
from micdm.content import read_content
from micdm.pseudonyms import Pseudonyms, shown_path
from micdm.reader import Header, Rejected, looks_like_dicom, read_header
from micdm.schema import SCHEMAS
from micdm.sources import Entry, Refused, show_path
from micdm.staging import Keys, Row, Staged

# Headers are mostly shorter, and reading from memory is quicker than from a file.
FIRST_READ = 32 * 1024
MAX_SEEN_HEADERS = 100_000
# A part is committed when its rows reach this, so that a chunk of huge files stays small.
MAX_INSTANCES, MAX_ELEMENTS = 20_000, 50_000
FILE_TABLES = ("dicom_instance", "dicom_rejected")
CONTENT_TABLES = tuple(t for t in SCHEMAS if t not in (*FILE_TABLES, "extract_run"))
DICOM_NAMES = (".dcm", ".dicom", ".ima")
NO_DICOM = ("not_dicom", "empty_file")


@dataclass(frozen=True, slots=True)
class Settings:
    """What every worker needs to know."""

    out: Path
    run_id: str
    attributes: AttributeList
    list_non_dicom: bool = False
    pseudonyms: Pseudonyms | None = None

    def uri(self, path: str) -> str:
        """Return a path as the tables have it."""
        return shown_path(path, self.pseudonyms)

    def file_id(self, uri: str, member: str | None, size: int | None, mtime_ns: int | None) -> str:
        """Return the id of a file. What its size and time are can be guessed, so it has a key."""
        plain = staging.file_id_of(uri, member, size, mtime_ns, self.attributes.list_id)
        return plain if self.pseudonyms is None else self.pseudonyms.identifier("file", plain)


@dataclass(slots=True)
class Counts:
    """What became of the files. `series` and `members` are keys, `unseen` archives not read.

    `rejected_before` are those among the unchanged ones that an earlier run rejected.
    """

    files: int = 0
    instances: int = 0
    non_dicom: int = 0
    unchanged: int = 0
    rejected_before: int = 0
    deleted: int = 0
    reports: int = 0
    segmentations: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    series: set[int] = field(default_factory=set)
    members: list[int] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """Add what another chunk counted; keys are taken over by the caller."""
        self.files += other.files
        self.instances += other.instances
        self.non_dicom += other.non_dicom
        self.unchanged += other.unchanged
        self.rejected_before += other.rejected_before
        self.reports += other.reports
        self.segmentations += other.segmentations
        self.rejected.update(other.rejected)
        self.unseen += other.unseen


@dataclass(frozen=True, slots=True)
class _Where:
    """A file or member of an archive, as the tables name it, and the name that it has itself."""

    name: str
    uri: str
    member: str | None
    size: int | None
    mtime_ns: int | None
    file_id: str

    def columns(self) -> tuple[object, ...]:
        moment = staging.to_moment(self.mtime_ns)
        return (self.file_id, self.uri, self.member, self.size, moment)


class _MemberNames:
    """Tells members of the same name apart: `a`, `a#2`, `a#3` in the order of the archive."""

    def __init__(self) -> None:
        # Keys, as an archive may have a million members.
        self._taken: set[int] = set()
        self._last: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """Return the name, numbered when an earlier member has it."""
        numbered = name
        while (key := staging.key_of_name(numbered, None)) in self._taken:
            self._last[name] = self._last.get(name, 1) + 1
            numbered = f"{name}#{self._last[name]}"
        self._taken.add(key)
        return numbered


def quiet_pydicom() -> None:
    """Silence pydicom: it warns of what is flagged here, and may quote values of the file."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pydicom|micdm")


class Worker:
    """Stages chunks; keeps the headers that it has stored, so that each is decoded once."""

    def __init__(self, settings: Settings, number: int, staged: Staged) -> None:
        self.settings, self.number, self.staged = settings, number, staged
        self._headers: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._part = 0
        self._days: int | None = None
        self._rows: dict[str, list[Row]] = {}
        self._counts = Counts()
        quiet_pydicom()

    def stage(self, entries: Iterable[Entry], stop: Callable[[], bool] | None = None) -> Counts:
        """Read the files and commit their rows; return the counts."""
        self._counts = Counts()
        for entry in entries:
            if stop is not None and stop():
                break
            if isinstance(entry, Refused):
                where = self._where(entry.path, None, entry.size, entry.mtime_ns)
                self._counts.files += 1
                self._reject(where, entry.reason_code, entry.message)
            else:
                self._stage_file(entry.path, entry.size, entry.mtime_ns)
            self._commit(at_least=True)
        self._commit()
        return self._counts

    def _where(
        self,
        path: str,
        member: str | None,
        size: int | None,
        time: int | None,
        name: str | None = None,
    ) -> _Where:
        uri = self.settings.uri(path)
        if self.settings.pseudonyms is not None:
            member = self.settings.pseudonyms.member(uri, member)
        file_id = self.settings.file_id(uri, member, size, time)
        return _Where(name or path, uri, member, size, time, file_id)

    def _stage_file(self, path: str, size: int, mtime_ns: int) -> None:
        where = self._where(path, None, size, mtime_ns)
        try:
            # Not blocking: a FIFO may have taken the file's place since it was looked at.
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
            with os.fdopen(number, "rb") as file:
                head = io.BytesIO(file.read(FIRST_READ))
                if not looks_like_dicom(head) and containers.archive_kind(head):
                    self._stage_archive(file, path, size, mtime_ns)
                    return
                is_whole = size <= FIRST_READ
                outcome = self._read(head, is_whole, lambda: file)
                self._counts.files += 1
                self._record(outcome, where)
        except PermissionError:
            self._refuse_file(where, "permission_denied", "no permission to read it")
        except FileNotFoundError:
            self._refuse_file(where, "not_found", "gone since it was found")
        except OSError as error:
            self._refuse_file(where, "read_error", error.strerror or type(error).__name__)

    def _refuse_file(self, where: _Where, reason: str, message: str) -> None:
        self._counts.files += 1
        self._reject(where, reason, message)

    def _stage_archive(self, file: BinaryIO, path: str, size: int, mtime_ns: int) -> None:
        counts, names, before = self._counts, _MemberNames(), self._counts.files
        for member in containers.open_members(file, path, size):
            counts.files += 1
            name = member.name
            shown = None if name is None else show_path(name).replace("\0", "\\x00")
            unique = None if shown is None else names.unique(shown)
            where = self._where(path, unique, member.size, mtime_ns, shown)
            counts.members.append(staging.key_of_name(where.uri, where.member))
            if isinstance(member, RefusedMember):
                if name is None:
                    counts.unseen.append(path)
                self._reject(where, member.reason_code, member.message)
            elif shown != name:
                self._reject(where, "non_utf8_name", "the member's name is not UTF-8, or has NUL")
            elif self._is_among(self.staged.known, where):
                counts.unchanged += 1
                counts.rejected_before += self._is_among(self.staged.rejected, where)
            else:
                self._stage_member(member, where)
            self._commit(at_least=True)
        if counts.files == before:
            where = self._where(path, None, size, mtime_ns)
            self._refuse_file(where, "not_dicom", "an archive without any file")

    def _is_among(self, keys: Keys, where: _Where) -> bool:
        key = np.array([staging.key_of_id(where.file_id)], np.uint64)
        return bool(staging.contains(keys, key)[0])

    def _stage_member(self, member: Member, where: _Where) -> None:
        try:
            outcome = self._read(member.data, member.is_whole, member.more)
        except Exception as error:  # noqa: BLE001 - whatever reading more of the archive raises
            outcome = Rejected("archive_corrupt", containers.describe(error))
        is_cut = isinstance(outcome, Header) and "truncated" in outcome.flags
        if is_cut and (member.size or 0) > containers.MAX_MEMBER_BYTES:
            outcome = Rejected("archive_member_too_large", "its header goes on after 64 MB")
        self._record(outcome, where)

    def _read(
        self, head: BinaryIO, is_whole: bool, more: Callable[[], BinaryIO]
    ) -> Header | Rejected:
        """Read a header from its first bytes, and from more only when they end in the header."""
        outcome = self._read_header(head)
        if isinstance(outcome, Header):
            needs_more = "truncated" in outcome.flags
        else:
            needs_more = outcome.reason_code not in NO_DICOM
        return outcome if is_whole or not needs_more else self._read_header(more())

    def _read_header(self, file: BinaryIO) -> Header | Rejected:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            return read_header(file, size, self.settings.attributes)
        except Rejected as rejected:
            return rejected

    def _record(self, outcome: Header | Rejected, where: _Where) -> None:
        if isinstance(outcome, Header):
            self._add_instance(outcome, where)
        else:
            self._reject(where, outcome.reason_code, outcome.message)

    def _reject(self, where: _Where, reason: str, message: str) -> None:
        is_listed = self.settings.list_non_dicom or where.name.lower().endswith(DICOM_NAMES)
        if reason in NO_DICOM and not is_listed:
            self._counts.non_dicom += 1
            return
        is_retried = self.staged.retried.get(where.file_id) == reason
        if is_retried or self._is_among(self.staged.known, where):
            self._counts.unchanged += 1
            self._counts.rejected_before += 1
            return
        self._counts.rejected[reason] += 1
        self._add("dicom_rejected", (*where.columns(), reason, message))

    def _add_instance(self, header: Header, where: _Where) -> None:
        self._days = self._days_of(header)
        header_id = self._header_id(header)
        flags = header.flags | self._store_header(header, header_id)
        flags |= self._add_content(header, where)
        identity = astuple(header.identity)
        read_flags = ";".join(sorted(flags)) or None
        self._add("dicom_instance", (*where.columns(), *identity, header_id, read_flags))
        for element in header.instance_rows:
            self._add("dicom_instance_element", (where.file_id, *element))
        self._days = None
        self._counts.instances += 1
        series = header.identity.series_instance_uid
        if series:
            self._counts.series.add(staging.key_of_name(series, None))

    def _days_of(self, header: Header) -> int | None:
        """Return by how many days the dates of an object are made earlier.

        Without a patient those of a study go together, if nothing else.
        """
        who = header.identity.patient_id or header.identity.study_instance_uid
        return (
            None if self.settings.pseudonyms is None else self.settings.pseudonyms.days(who or "")
        )

    def _header_id(self, header: Header) -> str:
        if self.settings.pseudonyms is None:
            return header.header_id
        return self.settings.pseudonyms.header_id(
            header.header_id, self._days if header.has_dates else None
        )

    def _add_content(self, header: Header, where: _Where) -> set[str]:
        """Add the rows of a report or a segmentation; return the flags that reading it raises."""
        if header.source is None:
            return set()
        content = read_content(header.source, self.settings.attributes.texts)
        for item in content.items:
            self._add("dicom_sr_item", (where.file_id, *item.row()))
        for segment in content.segments:
            self._add("dicom_segment", (where.file_id, *segment.row()))
        for reference in content.references:
            self._add("dicom_reference", (where.file_id, *reference))
        self._counts.reports += header.source.is_report
        self._counts.segmentations += header.source.is_segmentation
        return content.flags

    def _store_header(self, header: Header, header_id: str) -> frozenset[str]:
        """Store a header not seen before; return the flags that its values raise."""
        flags = self._headers.get(header_id)
        if flags is not None:
            self._headers.move_to_end(header_id)
            return flags
        rows, found = header.decode()
        for element in rows:
            self._add("dicom_header_element", (header_id, *element))
        self._headers[header_id] = flags = frozenset(found)
        if len(self._headers) > MAX_SEEN_HEADERS:
            self._headers.popitem(last=False)
        return flags

    def _add(self, table: str, row: tuple[object, ...]) -> None:
        whole: Row = (self.settings.run_id, *row)
        if self.settings.pseudonyms is not None:
            whole, *lost = self.settings.pseudonyms.row(table, whole, self._days)
            if lost:
                self._rows.setdefault("dicom_instance_element", []).extend(lost)
        self._rows.setdefault(table, []).append(whole)

    def _commit(self, *, at_least: bool = False) -> None:
        """Commit the rows at hand; with `at_least`, only when there are enough for a part."""
        if at_least:
            files, elements = (
                sum(len(self._rows.get(table, ())) for table in tables)
                for tables in (FILE_TABLES, CONTENT_TABLES)
            )
            if elements < MAX_ELEMENTS and files < MAX_INSTANCES:
                return
        part = f"{self.settings.run_id}-{self.number:03}-{self._part:06}"
        staging.commit(self.settings.out, part, self._rows)
        self._part += 1
        self._rows = {}
