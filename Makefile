# Thin: every target is a few commands that can be typed by hand. The environment comes from the
# lock files alone: exact versions, checked hashes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DBT := $(BIN)/dbt
# One line a model is 1,000 lines: they are in logs/dbt.log, and errors are shown.
BUILD := $(DBT) --quiet build
BUILT := @echo "dbt build: every table made, every test passed (logs/dbt.log has them one by one)."

export MICDM_DUCKDB ?= micdm.duckdb
export DO_NOT_TRACK := 1

# `make demo` keeps its samples apart from your files; both build the same database file.
SAMPLE := data/sample
DEMO := data/demo
RAW := data/raw
# De-identified samples lack birth date and age, and the CDM requires a year of birth.
UNKNOWN_BIRTH_YEAR := 1900

.DEFAULT_GOAL := help
.PHONY: help venv demo run test lint parse format docs lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

venv: $(READY)  ## the environment, from requirements/*.txt

# Made anew when a lock file or pyproject.toml changes, so nothing old is left in it. --no-deps
# for the sample packages: we read their files and never run them.
$(READY): requirements/dev.txt requirements/samples.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("micdm needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation -r requirements/samples.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Connections: yours to edit, ignored by git.
profiles.yml:
	cp profiles.yml.example $@

demo: $(READY) profiles.yml  ## sample DICOM -> micdm.duckdb -> a short report
	$(BIN)/python scripts/sample_dicom.py $(SAMPLE)
	$(BIN)/micdm stage $(SAMPLE) --out $(DEMO)
	@echo "Few samples have a birth date or an age: such persons get the placeholder year of birth $(UNKNOWN_BIRTH_YEAR)."
	$(BUILD) --vars '{raw_path: $(DEMO), unknown_birth_year: $(UNKNOWN_BIRTH_YEAR)}'
	$(BUILT)
	$(BIN)/micdm report $(MICDM_DUCKDB)

run: $(READY) profiles.yml  ## the same on your files: make run DICOM=/path
	@test -n "$(DICOM)" || { echo "Name the folder: make run DICOM=/path/to/dicom"; exit 2; }
	$(BIN)/micdm stage "$(DICOM)" --out $(RAW)
	$(BUILD) --vars '{raw_path: $(RAW)}'
	$(BUILT)
	$(BIN)/micdm report $(MICDM_DUCKDB)

test: lint parse  ## lint, strict parse, and pytest, which builds on DuckDB and on Postgres
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(READY) profiles.yml  ## ruff, mypy, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MICDM_DUCKDB=:memory: $(BIN)/sqlfluff lint --processes 2 models tests/dbt

parse: $(READY) profiles.yml  ## dbt parse with every warning an error
	$(DBT) --warn-error-options '{"error": "all"}' parse --no-partial-parse

format: $(READY)  ## what the formatters can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	MICDM_DUCKDB=:memory: $(BIN)/sqlfluff fix models tests/dbt

docs: $(READY) profiles.yml  ## target/static_index.html: every table and column
	$(DBT) docs generate --static

lock:  ## write the lock files again (needs uv on the PATH)
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml -o requirements/dev.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-emit-index-url --no-emit-find-links --no-deps requirements/samples.in -o requirements/samples.txt

clean:  ## remove what was built; your DICOM is never touched
	rm -rf $(VENV) target logs dbt_packages $(SAMPLE) $(DEMO) $(RAW) micdm.duckdb micdm.duckdb.wal .mypy_cache .pytest_cache .ruff_cache .hypothesis
