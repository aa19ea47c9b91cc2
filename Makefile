# "make" lists what there is; "make demo" and "make test" need nothing but Python 3.11 and this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON_IN := .venv/bin/python
SERVE ?= 1
PORT ?= 8000
LAN ?= 0

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  settings: PORT=8000 (where the demo is served), LAN=1 (to phones as well), SERVE=0 (only prepare it)"

# The demo's people have no mail boxes: their mails lie in a folder, and link to where the demo is served.
demo: export EMAIL_BACKEND ?= django.core.mail.backends.filebased.EmailBackend
ifeq ($(LAN),0)
demo: export SITE_URL ?= http://127.0.0.1:$(PORT)
endif

.PHONY: demo
demo: ## load the demo shop, run its nightly job and serve it until Ctrl-C
	@scripts/environment requirements-demo.txt
	@$(PYTHON_IN) manage.py prepare
	@$(PYTHON_IN) manage.py load_demo
	@$(PYTHON_IN) manage.py run_nightly
	@$(PYTHON_IN) manage.py load_demo --open-work
	@$(PYTHON_IN) manage.py backtest --ask
	@$(PYTHON_IN) manage.py load_demo --logins
ifneq ($(SERVE),0)
ifeq ($(LAN),0)
	@echo "Count, receive and pick: http://127.0.0.1:$(PORT)/count/ (with a phone: stop with Ctrl-C, then make demo LAN=1)"
endif
	@exec $(PYTHON_IN) manage.py serve --port $(PORT) $(if $(filter-out 0,$(LAN)),--lan)
else
	@echo "Serve it with: make demo"
endif

.PHONY: test
test: ## every check and test, on SQLite and on PostgreSQL (at most five minutes)
	@scripts/environment requirements-dev.txt
	@scripts/test short

.PHONY: test-long
test-long: ## the same at full size, and the benchmarks in small (at most an hour)
	@scripts/environment requirements-dev.txt
	@scripts/environment requirements-recurrent.txt
	@scripts/test long

.PHONY: lint
lint: ## check and format the code
	@scripts/environment requirements-dev.txt
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: screens
screens: ## take the pictures of docs/screens.md from the demo shop
	@scripts/environment requirements-dev.txt
	@$(PYTHON_IN) scripts/screens.py

.PHONY: messages
messages: ## gather the texts to translate into locale/ and compile them
	@scripts/environment requirements-dev.txt
	@$(PYTHON_IN) scripts/messages.py
