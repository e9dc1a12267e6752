# Dragoman. `make help` lists what can be made.

DOC    ?= deploy/standalone/src/dragoman_standalone/samples/contract.docx
SOURCE ?= en
TARGET ?= es
ENGINE ?= apertium
OUT    ?= out
DOCUMENTS ?= 100
CHAOS  ?=

BIN       := .venv/bin
PROJECTS  := $(wildcard pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml deploy/standalone/pyproject.toml)
COMPILE    = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
             $(shell sed -n 's/^name = "\(.*\)"/--no-emit-package \1/p' $(PROJECTS)) $(UPGRADE) $(PROJECTS)

export SOURCE TARGET ENGINE

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test lint format-check imports types pytest slow bench under-fire outages killed-review attack uploads alarms api prices oracles chaos bare bare-wheel dist dist-check image-check compose-check dashboards disaster manifests-check ocr lock clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 24

setup: ## make .venv and what the command needs of the machine
	@sh setup/setup.sh run

setup-test:
	@sh setup/setup.sh test

run: setup ## translate the sample, or DOC=file.docx, with SOURCE=en TARGET=es ENGINE=apertium OUT=out
	@$(BIN)/dragoman translate "$(DOC)" -o "$(OUT)" --source "$(SOURCE)" --target "$(TARGET)" --engine "$(ENGINE)"
	@printf '\nThe result is in   %s\nFor the console    %s\n' "$(OUT)" "$(BIN)/dragoman up"

test: lint format-check imports types pytest ## set up, then check style, architecture and types, and run every test

lint: setup-test ## ruff's rules
	$(BIN)/ruff check .

format-check: setup-test ## ruff's formatting
	$(BIN)/ruff format --check .

imports: setup-test ## who may import whom
	$(BIN)/lint-imports

types: setup-test ## strict types
	$(BIN)/basedpyright

pytest: setup-test ## the tests, each processor with private servers of its own
	$(BIN)/pytest --numprocesses auto --dist worksteal

slow: setup-test ## the tests that take long and rarely break
	$(BIN)/pytest --numprocesses auto --dist worksteal -m slow

bench: setup-test ## measure jobs a second and CPU a job
	cd tests && ../$(BIN)/python -m bench

under-fire: setup-test ## translate 100 corpus documents, and parse 100, as services that are killed; DOCUMENTS=n
	cd tests && ../$(BIN)/python -m e2e.under_fire --documents $(DOCUMENTS)
	cd tests && ../$(BIN)/python -m e2e.parsed_under_fire --documents $(DOCUMENTS)

uploads: setup-test ## upload 8 files of 99 MiB at once, to a bucket and to a folder, and look at the gateway's memory
	cd tests && ../$(BIN)/python -m e2e.upload_memory

alarms: setup-test ## let a real Prometheus raise every alarm of the docs, and none before
	cd tests && ../$(BIN)/python -m e2e.alarms

api: setup-test ## generate requests for every operation of the API
	cd tests && ../$(BIN)/python -m services.gateway.fuzzed_api

attack: setup-test ## attack a server from outside: credentials, slow heads, guesses, a damaged event
	cd tests && ../$(BIN)/python -m e2e.attack

outages: setup-test ## let S3, RabbitMQ and PostgreSQL each go away for two minutes under 50 jobs
	cd tests && ../$(BIN)/python -m e2e.outages

killed-review: setup-test ## kill a process at each step of export, import, finishing and retranslation of a review
	cd tests && ../$(BIN)/python -m e2e.killed_review

prices: setup-test ## make the list prices of models anew, from genai-prices in an environment of its own
	python3 -m venv build/prices && build/prices/bin/pip install --quiet genai-prices
	build/prices/bin/python tests/develop/write_prices.py

oracles: setup-test ## let the official SDKs ask our own providers of the tests, in an environment of their own
	python3 -m venv build/oracles && build/oracles/bin/pip install --quiet openai anthropic google-genai deepl ollama
	cd tests && ../build/oracles/bin/python -m models.oracles

chaos: setup-test ## let all that runs die and go wrong under 2,000 jobs; CHAOS="--seed 1 --jobs 200 --kills 80 --faults 1"
	cd tests && ../$(BIN)/python -m chaos $(CHAOS)

bare: ## make run and make test on a bare Debian 12 in a folder of its own, as root; DIR=folder keeps it
	@sh setup/bare.sh

bare-wheel: ## build the wheel on a bare Debian 12, install it there by pip, and translate; DIR, SUITE and MIRROR as for bare
	@sh setup/bare.sh 'make dist' \
	  'python3 -m venv /opt/dragoman && /opt/dragoman/bin/pip install --quiet --constraint dist/constraints.txt dist/*.whl' \
	  'cd /opt/dragoman && bin/dragoman translate lib/python3*/site-packages/dragoman_standalone/samples/contract.docx -o /tmp/out --source en --target es --engine apertium' \
	  'cd tests && PATH=/usr/bin:/bin python3 -m deployment.dist_check ../dist --tested-versions --uv ../.venv/bin/uv'

ocr: setup ## install character recognition for dragoman-parse: 384 MB
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock 'onnxruntime>=1.20' 'rapidocr>=3.10'

dist: setup ## build the wheel that users install, dist/dragoman-VERSION-py3-none-any.whl
	@$(BIN)/python deploy/wheel/build.py dist

dist-check: setup-test dist ## install the wheel with every Python that is here, 3.11 to 3.14, and use it
	cd tests && ../$(BIN)/python -m deployment.dist_check ../dist --uv ../$(BIN)/uv --tested-versions --database

image-check: setup-test ## run the lines of the Dockerfile on a bare Debian, as root; no engine is needed
	cd tests && ../$(BIN)/python -m deployment.image_check

compose-check: setup-test ## start what the compose file says as processes, and translate; DOCUMENTS=n
	cd tests && ../$(BIN)/python -m deployment.compose_check --documents $(DOCUMENTS)

dashboards: setup-test ## ask a real Prometheus every query of the dashboards and rules; DOCUMENTS=n
	cd tests && ../$(BIN)/python -m deployment.dashboards_check --documents $(DOCUMENTS)

disaster: setup-test ## empty RabbitMQ, PostgreSQL and S3 in turn while jobs run, and restore them; DOCUMENTS=n
	cd tests && ../$(BIN)/python -m e2e.disaster --documents $(DOCUMENTS)

manifests-check: setup-test ## check Kubernetes' manifests against its schemas, which are installed first
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r tests/deployment/manifests.lock
	$(BIN)/pytest -q -n0 tests/deployment/test_kubernetes.py

lock: setup-test ## pin dependencies anew after a pyproject.toml changed; UPGRADE=--upgrade takes the newest
	$(COMPILE) --group setup --output-file requirements.lock
	$(COMPILE) --group setup --group dev --constraint requirements.lock --output-file requirements-test.lock

clean: ## remove .venv and caches; results and jobs stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
