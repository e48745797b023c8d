# Two commands are enough: `make run` serves, `make test` tests. Both make the environment first where it is missing.
#   make test PYTHON=python3.13    the same on another Python, in an environment of its own

PYTHON ?= python3
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin

.PHONY: run test chaos thorough check format openapi clean

run: $(VENV)/.runs
	$(BIN)/python -m analyzer

# Most tests wait for servers and their workers, so that several at once take little more than one; beyond four they
# only wait for each other.
test: $(VENV)/.develops
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

chaos: $(VENV)/.develops
	CHAOS_RUNS=300 $(BIN)/python -m pytest tests/test_chaos.py

# What `make test` does a few times for the sake of minutes, as often as it should be done before a release.
thorough: $(VENV)/.develops
	ANALYZER_TEST_MUTATIONS=500 ANALYZER_TEST_TABLES=200 ANALYZER_TEST_JAILED_RUNS=1000 $(BIN)/python -m pytest \
		--numprocesses logical --maxprocesses 4 --dist worksteal tests/ingest/test_mutations.py \
		tests/web/test_damaged_uploads.py tests/test_verify_tables.py tests/jail/test_crowd_of_code.py

check: $(VENV)/.develops
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.develops
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.develops
	$(BIN)/python -m analyzer openapi > docs/openapi.json

clean:
	rm -rf .venv .venv-*

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) on this machine." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "analyzer needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python cannot make environments here. On Debian and Ubuntu this mends it:" >&2; \
		  echo "  sudo apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.runs: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing into $(VENV); the first time takes about a minute."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[charts,code,stats,gemini,pdf]'
	touch $@

$(VENV)/.develops: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing into $(VENV); the first time takes about two minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
