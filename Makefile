# Two commands matter: `make run` and `make test`. Both set up whatever is missing.

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv/bin/python
STACK := $(VENV) -m sandbox.stack

.DEFAULT_GOAL := help
.PHONY: help run test check lint bench soak pictures messages clean forget local dev

help: ## these lines
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: local ## the whole portal with demo data on PORT (8000), until Ctrl-C
	@$(STACK) run

test: dev ## everything: all checks, all tests (ARGS="tests/otp -k buy" for some tests only)
	@$(STACK) test $(ARGS)

check: dev ## format, lint, types, imports, migrations, production settings, templates, Dockerfile
	@$(STACK) check

lint: dev ## put the format right and lint
	@$(VENV) -m ruff format .
	@$(VENV) -m ruff check --fix .

bench: dev ## measures: ledger over the best SQL, pages over an empty view
	@$(STACK) exec -- $(VENV) -m tests.bench

soak: dev ## the long tests: fuzz, faults, all screens, many examples (ARGS="...")
	@MANY_EXAMPLES=1 $(STACK) test -m "soak or examples" $(ARGS)

pictures: dev ## every page as everybody in a browser, and the README's pictures taken anew
	@TAKE_PICTURES=1 $(STACK) test -m soak tests/browser/test_every_page.py $(ARGS)

messages: dev ## collect translatable texts into locale/, compile them
	@$(STACK) exec -- $(VENV) manage.py collect_messages
	@$(STACK) build

clean: ## remove what was built and cached here (the data in var/ stays)
	@rm -rf static/dist node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . \( -path ./.venv -o -path ./var \) -prune -o -name __pycache__ -type d -exec rm -rf {} +

forget: local ## remove the local data: database, uploads, mail, demo logins
	@$(STACK) forget

local dev:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed (make run PYTHON=/path/to/it)." >&2; exit 2; fi
	@$(PYTHON) sandbox/bootstrap.py $@
