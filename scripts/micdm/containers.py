"""Look into one regular file: a DICOM object, an archive that may hold some, or neither.

Archives are told by their first bytes. A member is read up to a cap, so that neither a huge
member nor a bomb is ever whole in memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO

from micdm.reader import looks_like_dicom

FIRST_READ = 1024 * 1024
MAX_MEMBER_BYTES = MAX_TAR_READ = 64 * 1024 * 1024

_COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; `data` holds its first bytes, `more` reads up to the cap."""

    name: str
    size: int
    data: BinaryIO
    is_whole: bool
    more: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class RefusedMember:
    """A member, or (name None) the rest of an archive, that can't be read."""

    name: str | None
    size: int | None
    reason_code: str
    message: str


def archive_kind(file: BinaryIO) -> str | None:
    """Tell by its first bytes what archive it is: zip, tar, a compressed file, or None."""
    file.seek(0)
    head = file.read(512)
    if head.startswith(_ZIP):
        return "zip"
    if _is_tar(head):
        return "tar"
    return "compressed" if any(head.startswith(magic) for magic in _COMPRESSED) else None


def open_members(file: BinaryIO, name: str, size: int) -> Iterator[Member | RefusedMember]:
    """Yield the members of an archive; `name` and `size` are its own."""
    kind = archive_kind(file)
    file.seek(0)
    try:
        if kind == "zip":
            yield from _zip_members(file)
        elif kind == "tar":
            yield from _tar_members(file)
        else:
            yield from _compressed_members(file, name, size)
    except Exception as error:  # noqa: BLE001 - the archive modules raise whatever comes up
        yield RefusedMember(None, size, "archive_corrupt", describe(error))


def describe(error: Exception) -> str:
    """Say what went wrong with an archive, quoting nothing of it."""
    return f"the archive can't be read: {type(error).__name__}"


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _zip_members(file: BinaryIO) -> Iterator[Member | RefusedMember]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                yield RefusedMember(
                    info.filename, info.file_size, "archive_encrypted", "the member is encrypted"
                )
                continue

            def reopen(info: zipfile.ZipInfo = info) -> IO[bytes]:
                return archive.open(info)

            yield from _open(info.filename, info.file_size, reopen)


class _TarStream:
    """A stream that only goes forward, remembers what was read last, and refuses huge reads."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.last = b""
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int = -1) -> bytes:
        if size > MAX_TAR_READ:
            raise tarfile.ReadError("a header of the archive is too long")
        self.last = self._stream.read(size)
        return self.last


def _tar_members(file: IO[bytes]) -> Iterator[Member | RefusedMember]:
    stream = _TarStream(file)
    with tarfile.TarFile(fileobj=stream) as archive:  # type: ignore[arg-type]
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined] # a million members must not be kept
            if info.isdir():
                continue
            if not info.isreg():
                yield RefusedMember(
                    info.name, info.size, "not_regular_file", "a link or device in the archive"
                )
                continue
            content = archive.extractfile(info)
            if content is not None:
                yield from _stream(info.name, info.size, content)
    # tarfile takes a broken header for the end; a real end is zeros or nothing.
    if any(stream.last):
        raise tarfile.ReadError("a broken header")


def _compressed_members(file: BinaryIO, name: str, size: int) -> Iterator[Member | RefusedMember]:
    head = file.read(6)
    opener = next(o for magic, o in _COMPRESSED.items() if head.startswith(magic))
    file.seek(0)
    with opener(file) as stream:
        is_tar = _is_tar(stream.read(512))
    file.seek(0)
    with opener(file) as stream:
        if is_tar:
            yield from _tar_members(stream)
        else:
            # The size after decompression is known only to whoever decompresses it all.
            yield from _stream(PurePosixPath(name).stem, size, stream, is_size_known=False)


def _open(
    name: str, size: int, reopen: Callable[[], IO[bytes]]
) -> Iterator[Member | RefusedMember]:
    try:
        with reopen() as stream:
            members = list(_stream(name, size, stream, reopen=reopen))
    except Exception as error:  # noqa: BLE001 - as above; the other members may be whole
        yield RefusedMember(name, size, "archive_corrupt", describe(error))
    else:
        yield from members


def _stream(
    name: str,
    size: int,
    stream: IO[bytes],
    *,
    is_size_known: bool = True,
    reopen: Callable[[], IO[bytes]] | None = None,
) -> Iterator[Member | RefusedMember]:
    head = _read(stream, FIRST_READ)
    whole = len(head) < FIRST_READ if not is_size_known else len(head) >= size
    data = io.BytesIO(head)
    if not looks_like_dicom(data) and archive_kind(data):
        yield RefusedMember(name, size, "nested_archive", "an archive inside an archive")
        return
    data.seek(0)

    def more() -> BinaryIO:
        if reopen is None:
            return io.BytesIO(head + _read(stream, MAX_MEMBER_BYTES - len(head)))
        with reopen() as again:
            return io.BytesIO(_read(again, MAX_MEMBER_BYTES))

    yield Member(name, size, data, whole, more)


def _read(stream: IO[bytes], limit: int) -> bytes:
    """Read up to a limit; a compressed stream may give less at a time."""
    parts = []
    while limit > 0 and (part := stream.read(limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
