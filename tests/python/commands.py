"""Start commands, and leave them or kill them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline import COMMANDS, PROJECT


def start(words: Sequence[object], **environment: str) -> subprocess.Popen[str]:
    """Start a command in a group of its own; all that it says is in its stdout."""
    return subprocess.Popen(
        [str(word) for word in words],
        env={**os.environ, "DO_NOT_TRACK": "1", **environment},
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def dbt_command(target: Path, *words: str, **variables: Any) -> list[object]:
    """Return the words of a dbt command with a folder of its own."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "profiles.yml.example", target / "profiles.yml")
    return [
        *(COMMANDS / "dbt", "--no-use-colors", *words, "--vars", json.dumps(variables)),
        *("--project-dir", PROJECT, "--profiles-dir", target),
        *("--target-path", target, "--log-path", target),
    ]


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a command and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
