"""Find the files: walk folders, read file lists. Nothing is opened here but folders.

Every regular file becomes a `Found`; whatever else has a name (a dangling link, a socket, a
folder without permission) becomes a `Refused` with its reason. Nothing is skipped silently.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file to look into."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A name that can't be read as a file."""

    path: str
    reason_code: str
    message: str
    size: int | None = None
    mtime_ns: int | None = None


Entry = Found | Refused


@dataclass(slots=True)
class Walk:
    """What walking has learned: needed to tell a deleted file from one that can't be seen."""

    excluded: str | None = None
    roots: list[str] = field(default_factory=list)
    files_under: dict[str, int] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    _links: list[str] = field(default_factory=list)
    _covered: list[str] = field(default_factory=list)


def show_path(path: str) -> str:
    """Return a path as text; bytes that are not UTF-8 become backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_under(path: str, folder: str) -> bool:
    """Tell whether a path is the folder or something inside it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def find(paths: Iterable[str], walk: Walk, stdin: BinaryIO | None = None) -> Iterator[Entry]:
    """Yield all files of folders and single files, in folder order; ``-`` is a list on stdin.

    Links to folders are followed after the real folders, and only to where no real folder led:
    a file is found once, under its real path, and loops end.
    """
    folders = []
    for path in paths:
        if path == "-":
            if stdin is not None:
                yield from (entry_of(p) for p in read_file_list(stdin))
            continue
        absolute = str(Path(path).absolute()) if path != "/" else path
        absolute = os.path.normpath(absolute)
        if Path(absolute).is_dir():
            folders.append(absolute)
        else:
            yield entry_of(absolute)
    for folder in folders:
        real = os.path.realpath(folder)
        if any(is_under(real, c) for c in walk._covered):
            continue
        walk._covered.append(real)
        walk.roots.append(folder)
        walk.files_under[folder] = 0
        for entry in _walk(folder, walk):
            walk.files_under[folder] += isinstance(entry, Found)
            yield entry
    yield from _follow_links(walk)


def read_file_list(stdin: BinaryIO) -> Iterator[str]:
    """Yield the paths of a list, ended by newlines or, when there is any, by NUL."""
    rest, separator = b"", b""
    while block := stdin.read(1024 * 1024):
        if not separator:
            separator = b"\0" if b"\0" in block else b"\n"
        *lines, rest = (rest + block).split(separator)
        yield from _to_paths(lines)
    yield from _to_paths([rest])


def _to_paths(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        name = os.fsdecode(line.strip(b"\r\n"))
        if name:
            yield os.path.normpath(Path(name).absolute())


def entry_of(path: str) -> Entry:
    """Look at one path and tell what it is."""
    try:
        status = Path(path).stat()
    except OSError as error:
        return _refuse(path, error)
    except ValueError:
        return Refused(path, "not_found", "the name holds a NUL character")
    return _classify(path, status)


def _classify(path: str, status: os.stat_result) -> Entry:
    size, mtime = status.st_size, status.st_mtime_ns
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a FIFO, socket or device"
        return Refused(path, "not_regular_file", f"{kind}, not a regular file", size, mtime)
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return Refused(path, "non_utf8_name", "the file name is not UTF-8", size, mtime)
    return Found(path, size, mtime)


def _refuse(path: str, error: OSError) -> Refused:
    if isinstance(error, PermissionError):
        return Refused(path, "permission_denied", "no permission to read it")
    if isinstance(error, FileNotFoundError):
        if Path(path).is_symlink():
            return Refused(path, "dangling_link", "a link to nothing")
        return Refused(path, "not_found", "no such file")
    if "symbolic link" in (error.strerror or ""):
        return Refused(path, "symlink_loop", "a link that leads back to itself")
    return Refused(path, "read_error", error.strerror or type(error).__name__)


def _walk(folder: str, walk: Walk) -> Iterator[Entry]:
    """Walk real folders depth first, names sorted by bytes, files before folders."""
    todo = [folder]
    while todo:
        current = todo.pop()
        files: list[tuple[bytes, Entry]] = []
        folders: list[bytes] = []
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    name = os.fsencode(entry.path)
                    try:
                        if entry.path == walk.excluded:
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(name)
                        elif entry.is_symlink() and entry.is_dir():
                            walk._links.append(entry.path)
                        else:
                            files.append((name, _classify(entry.path, entry.stat())))
                    except OSError as error:
                        refused = _refuse(entry.path, error)
                        walk.unseen.append(entry.path)
                        files.append((name, refused))
        except OSError as error:
            walk.unseen.append(current)
            yield _refuse(current, error)
        files.sort(key=lambda pair: pair[0])
        yield from (entry for _, entry in files)
        todo.extend(os.fsdecode(name) for name in sorted(folders, reverse=True))


def _follow_links(walk: Walk) -> Iterator[Entry]:
    walk._links.sort(reverse=True)
    while walk._links:
        link = walk._links.pop()
        target, parent = os.path.realpath(link), os.path.realpath(Path(link).parent)
        if is_under(parent, target):
            yield Refused(link, "symlink_loop", "a link to a folder that it is in")
        elif not any(is_under(target, c) for c in walk._covered):
            walk._covered.append(target)
            yield from _walk(link, walk)
