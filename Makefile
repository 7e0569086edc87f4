# Baton's verbs. Bare `make` explains them; each one sets up what it needs in .venv first (Python 3.11+ and make suffice).
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
PYTHON ?=
ARGS ?=

# The first Python that is 3.11 or newer; PYTHON=/path/to/python names another.
find_python = for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	command -v "$$p"; exit 0; fi; done; \
	echo "Baton needs Python 3.11 or newer with its venv module, and found none on PATH." >&2; \
	echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or type: make PYTHON=/path/to/python3.11" >&2; \
	exit 1
set_up = @python="$$($(find_python))" && "$$python" -m scripts.set_up

.PHONY: help setup setup-dev demo up test bench bench-bots lint format lock histories audit licences sbom release clean

help: ## explain these verbs
	@echo "Baton: customer work that is never dropped between people, bots and old systems."
	@echo
	@echo "  make demo       set up, carry 40 failed deliveries through everything, count them, end"
	@echo "  make up         set up, start all parts on this machine and keep them running (Ctrl-C stops)"
	@echo "  make test       set up, then run every check and every test: what CI runs"
	@echo "  make bench      set up, then measure Baton against bare Temporal and bare Playwright"
	@echo "  make bench-bots the same for bots: bare Playwright and robocorp on the same screens (installs the peer in var/)"
	@echo "  make lint       the checks alone: style, types, import walls, dead code"
	@echo "  make format     let ruff put the code into shape"
	@echo "  make setup      only set up .venv (afterwards .venv/bin/baton is the command)"
	@echo "  make setup-dev  the same with the tools for tests and checks"
	@echo "  make lock       resolve the dependencies again and write both locks"
	@echo "  make histories  record the workflow histories for the replay tests again"
	@echo "  make audit      ask whether a locked dependency has a known weakness"
	@echo "  make licences   list the licences of what Baton stands on (docs/licences.md)"
	@echo "  make sbom       write a bill of materials of it (CycloneDX, var/sbom.cdx.json)"
	@echo "  make release VERSION=2026.12.0   commit, tag and build a release in var/release; nothing is pushed"
	@echo "  make clean      remove .venv and everything that tools left behind (not your data)"
	@echo
	@echo "ARGS='...' goes to demo, up, test and both bench: make up ARGS='--port-base 9000', make test ARGS='-k desk'."
	@echo "Needed: Python 3.11 or newer (PYTHON=/path/to/python names one) and a Python package registry."

setup: ## .venv with what Baton runs on, and a browser
	$(set_up) runtime

setup-dev: ## the same with the tools for tests and checks
	$(set_up) dev

demo: setup ## the main job from a file to a person, counted
	@$(BIN)/baton demo $(ARGS)

up: setup ## everything on this machine
	@$(BIN)/baton up $(ARGS)

test: lint ## what CI runs
	@$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: setup-dev ## figures, never a verdict: docs/benchmarks.md
	@$(BIN)/python -m benchmarks.handoff $(ARGS)

bench-bots: setup-dev ## entries by a bot against bare Playwright and robocorp
	@$(BIN)/python -m benchmarks.bots $(ARGS)

lint: setup-dev ## style, types, import walls, dead code
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy . --no-error-summary
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture

format: setup-dev ## let ruff put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: setup-dev ## resolve again, with hashes and without addresses
	@$(BIN)/python -m scripts.lock

histories: setup-dev ## re-record tests/replay on purpose
	@$(BIN)/python -m tests.replay.record

audit: setup-dev ## known weaknesses of locked dependencies
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

licences: setup-dev ## the licence of each locked package
	@$(BIN)/python -m scripts.licences

sbom: setup-dev ## CycloneDX, with versions, hashes and licences
	@$(BIN)/python -m scripts.sbom

release: audit ## archive, bill of materials, notes and checksums of a version
	@$(BIN)/python -m scripts.release $(VERSION)

clean: ## remove what set-up and tools made
	rm -rf .venv .setup.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
