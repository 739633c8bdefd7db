"""The sample folder of ``make demo``: real files of every package, the same on a second run."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pydicom
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "sample_dicom.py"
PACKAGES = {
    "deid-data",
    "medimages4tests",
    "pydicom",
    "pydicom-data",
    "pyskindose",
    "wsidicom-data",
}


@pytest.fixture
def sample_dicom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_dicom", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FILES_PER_SERIES", 2)
    return module


def files(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_samples_of_every_package(
    sample_dicom: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample_dicom.main(tmp_path)
    said = capsys.readouterr().out
    assert {line.partition(":")[0] for line in said.splitlines()} == PACKAGES
    first = files(tmp_path)
    modalities = set()
    for path in first:
        try:
            header = pydicom.dcmread(path, specific_tags=["Modality"], stop_before_pixels=True)
        except (pydicom.errors.InvalidDicomError, EOFError, NotImplementedError, AttributeError):
            continue
        modalities.add(str(header.get("Modality", "")))
    assert {"CT", "MR", "PT", "US", "NM"} <= modalities
    assert len(first) > 300

    sample_dicom.main(tmp_path)
    assert files(tmp_path) == first
    assert capsys.readouterr().out == said


def test_missing_package_is_a_sentence(
    sample_dicom: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_dicom, "FOLDERS", (("no_such_package", "data", "none"),))
    with pytest.raises(SystemExit, match=r"no_such_package is missing: install requirements"):
        sample_dicom.main(tmp_path)
    assert "no_such_package" not in sys.modules
