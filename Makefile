# `make demo` and `make test` need nothing installed but make and a Python from 3.12 up; docs/ has the rest.

python = .venv/bin/python
run = @bin/bootstrap && $(python)

.PHONY: help install demo demo-reset manage shell test check format messages bench

help:
	@echo "make demo         run the portal at http://localhost:8000 (PORT, DATA_DIR)"
	@echo "make demo-reset   throw the demo's data away"
	@echo "make manage       manage.py on the running demo: make manage ARGS=\"shell\""
	@echo "make test         every test (ARGS go to pytest: make test ARGS=\"-k booking\")"
	@echo "make check        lint, format, types, migrations, deployment settings, imports"
	@echo "make format       format the code"
	@echo "make messages     bring new sentences into locale/ (needs gettext)"
	@echo "make bench        measure the portal's speed; a JSON line per figure"

install:
	@bin/bootstrap

demo:
	$(run) -m config.runner demo

demo-reset:
	$(run) -m config.runner reset

manage:
	$(run) -m config.runner manage $(ARGS)

shell:
	$(run) -m config.runner manage shell

test:
	$(run) -m tests.chromium
	@$(python) -m pytest -n auto --dist worksteal $(ARGS)

check:
	@bin/bootstrap
	@bin/check

format:
	@bin/bootstrap
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

messages:
	@bin/bootstrap
	@PORTAL_ENV=test $(python) manage.py makemessages --locale bn --no-location --ignore ".*" --ignore tests
	@bin/bootstrap

bench:
	$(run) -m tests.bench $(ARGS)
