"""Say how a run goes: a bar on a terminal, a line now and then elsewhere, on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from micdm.worker import Counts

SECONDS_BETWEEN_LINES = 10.0


class Reporter:
    """Shows counts, never names of files or patients."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("looking for files")
        self._last = time.monotonic()

    def __enter__(self) -> Reporter:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, counts: Counts) -> None:
        """Show the counts so far."""
        now = time.monotonic()
        if self._bar is None and now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        line = (
            f"{counts.files:,} files: {counts.instances:,} DICOM,"
            f" {counts.rejected.total():,} rejected, {counts.unchanged:,} unchanged"
        )
        if self._bar:
            self._bar.update(self._task, description=line)
        else:
            print(line, file=sys.stderr, flush=True)

    def warn(self, message: str) -> None:
        """Say something that the user must know."""
        print(f"warning: {message}", file=sys.stderr, flush=True)
