"""The concepts whose text is staged from reports: the privacy allow-list of their free text.

It is the seed ``seeds/mapping/sr_text.csv`` and the site's files. Texts of all other concepts, and
names of persons, are never staged.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from micdm.seeds import SeedError, read_rows, seed_path

# Coding schemes of SNOMED CT and of the codes that DICOM used before (PS3.16 section 8).
SNOMED = frozenset({"SCT", "SNOMEDCT", "2.16.840.1.113883.6.96"})
RETIRED = ("SRT", "SNM3", "99SDM", "2.16.840.1.113883.6.5")


class TextConcept(NamedTuple):
    """A concept by its key: the designator as `scheme_key` spells it, and the code."""

    scheme: str
    code: str


def scheme_key(scheme: str) -> str:
    """Return how designators are compared, as the dbt macro of that name does."""
    return scheme.translate({ord(c): None for c in "- _"}).upper()


def load_texts(extra: Iterable[Path] = ()) -> frozenset[TextConcept]:
    """Read the list and the site's files; a SNOMED CT code stands for its retired codes too.

    Raises
    ------
    SeedError
        When a file is missing or a row has no scheme or code.
    """
    found: set[TextConcept] = set()
    for source in (seed_path("sr_text"), *extra):
        for line, row in read_rows(source, ("scheme", "code")):
            if not row["scheme"] or not row["code"]:
                raise SeedError(f"{source} line {line}: scheme or code is empty")
            found.add(TextConcept(scheme_key(row["scheme"]), row["code"]))
    return frozenset(found | _retired(found))


def _retired(concepts: set[TextConcept]) -> set[TextConcept]:
    codes = {code for scheme, code in concepts if scheme in SNOMED}
    if not codes:
        return set()
    rows = read_rows(seed_path("retired_code"), ("retired_code", "concept_code"))
    retired = [row["retired_code"] for _, row in rows if row["concept_code"] in codes]
    return {TextConcept(scheme, code) for scheme in RETIRED for code in retired}
