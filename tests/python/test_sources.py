"""Files are found by content, in folders, lists and archives; every name is accounted for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from dicom_factory import by_name, dataset, encode, make_tar, stage, table
from micdm import containers, sources
from micdm.sources import Found, Refused, Walk

SLICE = encode(dataset())


def find(*paths: Path | str) -> list[sources.Entry]:
    return list(sources.find([str(p) for p in paths], Walk()))


def names(entries: list[sources.Entry]) -> list[str]:
    return [Path(e.path).name for e in entries]


def test_folder_order_is_by_bytes_files_first(tmp_path: Path) -> None:
    for name in ("b/2", "b/10", "a/z", "é", "Z", "a.b/x"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [str(Path(e.path).relative_to(tmp_path)) for e in find(tmp_path)]
    assert found == ["Z", "é", "a/z", "a.b/x", "b/10", "b/2"]


def test_single_files_and_overlapping_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one").touch()
    (tmp_path / "two").touch()
    assert names(find(tmp_path, tmp_path / "sub")) == ["two", "one"]
    assert names(find(tmp_path / "two")) == ["two"]


def test_relative_and_absolute_paths_are_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").touch()
    monkeypatch.chdir(tmp_path)
    assert find(".") == find(tmp_path)
    assert find("one") == find(tmp_path / "one")


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_a_list_on_stdin(tmp_path: Path, separator: str) -> None:
    wanted = [tmp_path / "a b", tmp_path / "c", tmp_path / "missing"]
    for path in wanted[:2]:
        path.touch()
    stdin = io.BytesIO(separator.join(map(str, wanted)).encode())
    found = list(sources.find(["-"], Walk(), stdin))
    assert names(found) == ["a b", "c", "missing"]
    last = found[-1]
    assert isinstance(last, Refused)
    assert last.reason_code == "not_found"


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    real, elsewhere = tmp_path / "root" / "real", tmp_path / "elsewhere"
    for folder in (real, elsewhere):
        folder.mkdir(parents=True)
        (folder / folder.name).touch()
    (tmp_path / "root" / "again").symlink_to(real)
    (tmp_path / "root" / "out").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(tmp_path / "root")
    (real / "up").symlink_to(tmp_path / "root")
    found = find(tmp_path / "root")
    paths = [str(Path(e.path).relative_to(tmp_path)) for e in found if isinstance(e, Found)]
    assert paths == ["root/real/real", "root/out/elsewhere"]
    refused = [(Path(e.path).name, e.reason_code) for e in found if isinstance(e, Refused)]
    assert refused == [("up", "symlink_loop")], "the way back out of the link is known ground"


def test_dicom_is_found_by_content(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "no_ending").write_bytes(SLICE)
    (tmp_path / "in" / "picture.jpg").write_bytes(SLICE)
    (tmp_path / "in" / "notes.txt").write_text("nothing of interest here, only text " * 9)
    (tmp_path / "in" / "fake.DCM").write_text("text")
    summary = stage(tmp_path / "in", out=tmp_path / "out")
    assert (summary.counts.files, summary.counts.instances, summary.counts.non_dicom) == (4, 2, 1)
    assert dict(summary.counts.rejected) == {"not_dicom": 1}
    listed = stage(tmp_path / "in", out=tmp_path / "out2", list_non_dicom=True)
    assert dict(listed.counts.rejected) == {"not_dicom": 2}


def make_zip(path: Path, members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, content)


def test_archives_are_looked_into(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    members = {"deep/one": SLICE, "readme.txt": b"text", "two.dcm": SLICE}
    make_zip(folder / "a.zip", members)
    for ending, mode in (("tar", "w"), ("tgz", "w:gz"), ("tar.bz2", "w:bz2"), ("tar.xz", "w:xz")):
        make_tar(folder / f"b.{ending}", mode, members)
    (folder / "c.dcm.gz").write_bytes(gzip.compress(SLICE))
    (folder / "d.bz2").write_bytes(bz2.compress(SLICE))
    (folder / "e.xz").write_bytes(lzma.compress(SLICE))
    (folder / "f.nii.gz").write_bytes(gzip.compress(b"no dicom" * 100))
    summary = stage(folder, out=tmp_path / "out")
    assert summary.counts.instances == 5 * 2 + 3
    assert summary.counts.non_dicom == 5 + 1
    assert summary.counts.files == 5 * 3 + 4
    assert not summary.counts.rejected
    rows = table(tmp_path / "out", "dicom_instance")
    assert {r["container_member"] for r in rows} == {"deep/one", "two.dcm", "c.dcm", "d", "e"}
    assert {r["file_size"] for r in rows if r["container_member"] == "two.dcm"} == {len(SLICE)}
    again = stage(folder, out=tmp_path / "out")
    assert (again.counts.instances, again.counts.unchanged) == (0, 13)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_members_of_one_name_are_told_apart(tmp_path: Path, kind: str) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    names = ("a.dcm", "a.dcm", "a.dcm#2", "b.dcm", "a.dcm", "bad.dcm", "bad.dcm")
    members = [
        (name, b"text" if "bad" in name else encode(dataset(SOPInstanceUID=f"1.2.{number}")))
        for number, name in enumerate(names)
    ]
    if kind == "zip":
        make_zip(folder / "x", members)
    else:
        make_tar(folder / "x", "w" if kind == "tar" else "w:gz", members)
    summary = stage(folder, out=out)
    assert (summary.counts.files, summary.counts.instances) == (7, 5)
    found = table(out, "dicom_instance")
    assert {r["container_member"]: r["sop_instance_uid"] for r in found} == {
        "a.dcm": "1.2.0",
        "a.dcm#2": "1.2.1",
        "a.dcm#2#2": "1.2.2",
        "b.dcm": "1.2.3",
        "a.dcm#3": "1.2.4",
    }
    rejected = table(out, "dicom_rejected")
    assert {r["container_member"] for r in rejected} == {"bad.dcm", "bad.dcm#2"}
    assert len({r["file_id"] for r in [*found, *rejected]}) == 7
    again = stage(folder, out=out).counts
    assert (again.files, again.unchanged, again.deleted) == (7, 7, 0)


def test_an_archive_without_members_is_a_file_that_is_no_dicom(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make_zip(folder / "empty.zip", {})
    make_zip(folder / "folders.zip", {"only/": b"", "only/folders/": b""})
    make_tar(folder / "empty.tar", "w", {})
    make_tar(folder / "empty.tgz", "w:gz", {})
    with tarfile.open(folder / "folder.tar", "w") as archive:
        only = tarfile.TarInfo("only")
        only.type = tarfile.DIRTYPE
        archive.addfile(only)
    for _ in range(2):
        counts = stage(folder, out=tmp_path / "out").counts
        assert (counts.files, counts.non_dicom, counts.rejected.total()) == (5, 5, 0)
    listed = stage(folder, out=tmp_path / "out2", list_non_dicom=True)
    assert dict(listed.counts.rejected) == {"not_dicom": 5}
    assert {r["container_member"] for r in table(tmp_path / "out2", "dicom_rejected")} == {
        None,
        "empty",
    }


def test_archives_that_are_broken(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make_zip(folder / "cut.zip", {"one": SLICE})
    whole = (folder / "cut.zip").read_bytes()
    (folder / "cut.zip").write_bytes(whole[:-30])
    content = bytearray(whole)
    content[60:90] = bytes(30)
    (folder / "member.zip").write_bytes(content)
    encrypted = bytearray(whole)
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(signature) + place] |= 1
    (folder / "encrypted.zip").write_bytes(encrypted)
    make_zip(folder / "outer.zip", {"inner.zip": whole, "one": SLICE})
    make_tar(folder / "cut.tar", "w", {"one": SLICE, "two": SLICE * 9})
    (folder / "cut.tar").write_bytes((folder / "cut.tar").read_bytes()[:4_000])
    make_tar(folder / "header.tar", "w", {"one": SLICE, "two": SLICE})
    content = bytearray((folder / "header.tar").read_bytes())
    second = content.index(b"two\0")
    content[second : second + 300] = b"x" * 300
    (folder / "header.tar").write_bytes(content)
    (folder / "cut.gz").write_bytes(gzip.compress(os.urandom(3_000) + SLICE)[:2_000])
    summary = stage(folder, out=tmp_path / "out")
    rows = table(tmp_path / "out", "dicom_rejected")
    reasons = {(Path(r["uri"]).name, r["container_member"]): r["reason_code"] for r in rows}
    assert reasons == {
        ("cut.zip", None): "archive_corrupt",
        ("member.zip", "one"): "archive_corrupt",
        ("encrypted.zip", "one"): "archive_encrypted",
        ("outer.zip", "inner.zip"): "nested_archive",
        ("cut.tar", None): "archive_corrupt",
        ("header.tar", None): "archive_corrupt",
        ("cut.gz", None): "archive_corrupt",
    }
    assert summary.counts.instances == 3, "what came before the break is read"


def test_links_and_odd_names_in_a_tar(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        odd = tarfile.TarInfo(os.fsdecode(b"odd\xff"))
        odd.size = len(SLICE)
        archive.addfile(odd, io.BytesIO(SLICE))
        nul = tarfile.TarInfo("nul")
        nul.size, nul.pax_headers = len(SLICE), {"path": "nul\0"}
        archive.addfile(nul, io.BytesIO(SLICE))
    stage(tmp_path / "a.tar", out=tmp_path / "out")
    rows = by_name(table(tmp_path / "out", "dicom_rejected"))
    assert {name: row["reason_code"] for name, row in rows.items()} == {
        "link": "not_regular_file",
        "odd\\xff": "non_utf8_name",
        "nul\\x00": "non_utf8_name",
    }


def test_a_huge_member_is_read_only_as_far_as_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "FIRST_READ", 300)
    monkeypatch.setattr(containers, "MAX_MEMBER_BYTES", 5_000)
    late = dataset(PixelData=bytes(20_000))
    late.add_new(0x00090010, "LO", "PRIVATE")
    late.add_new(0x00091001, "OB", bytes(10_000))
    folder = tmp_path / "in"
    folder.mkdir()
    early = encode(dataset(PixelData=bytes(20_000)))
    make_zip(folder / "a.zip", {"early": early, "late": encode(late)})
    make_tar(folder / "b.tgz", "w:gz", {"early": early})
    summary = stage(folder, out=tmp_path / "out")
    assert summary.counts.instances == 2
    assert dict(summary.counts.rejected) == {"archive_member_too_large": 1}
