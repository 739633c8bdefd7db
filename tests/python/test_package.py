"""The wheel: it holds the package and the mapping seeds, and works where the repository is not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from micdm import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as an offline machine would: hatchling is in the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_package_and_seeds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"micdm-{__version__}.dist-info"
    expected = {
        f"micdm/{path.relative_to(ROOT / 'scripts' / 'micdm').as_posix()}"
        for path in (ROOT / "scripts" / "micdm").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    expected |= {
        f"micdm/seeds/mapping/{path.name}" for path in (ROOT / "seeds" / "mapping").glob("*.csv")
    }
    assert "micdm/seeds/mapping/dicom_attribute.csv" in expected
    assert {name for name in names if not name.startswith(info)} == expected
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= names


def test_wheel_has_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert "micdm = micdm.cli:app" in archive.read(name).decode()


def test_unpacked_wheel_finds_its_attribute_list(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "from micdm.attributes import default_list_path, load_attributes\n"
        "print(default_list_path()); print(len(load_attributes().attributes))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    path, count = done.stdout.splitlines()
    assert Path(path).is_relative_to(tmp_path)
    assert int(count) >= 90
