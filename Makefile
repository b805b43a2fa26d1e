# make repro   run the whole pipeline on the embedded model
# make test    run the tests
# Both make the virtual environment .venv first, from requirements.lock (hashes) and constraints.txt.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONPATH="$(CURDIR)"

comma := ,

.PHONY: acceptance explore help smollm2 repro test test-engines check plots prompts docs install constraints audit epitome clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

repro: $(READY) ## run what changed, and what follows from it; PROFILE=smollm2, DOMAIN=social_norms: of profiles/, of domains/
	@find models/named -type l ! -exec test -e {} \; -delete 2> /dev/null || true  # DVC stops at a link to what is gone
	$(RUN) $(if $(PROFILE)$(DOMAIN),synthempathy profile $(or $(PROFILE),embedded) $(if $(DOMAIN),--domain $(DOMAIN)),dvc repro)
	$(RUN) synthempathy summary

test: $(READY) ## run the tests (minutes)
	$(RUN) python -m pytest

test-engines: ## run vLLM for real, on this machine's CPU, in a virtual environment of its own (minutes)
	bash .ci/install-engines
	@# -W default: what vLLM leaves to the garbage collector warns when no test runs, and says nothing of our code
	env -u OMP_NUM_THREADS PYTHONPATH="$(CURDIR)" .venv-engines/bin/python -m pytest -n 0 -W default tests/engines

MINUTES ?= 10
fuzz: $(READY) ## try broken and hostile files on every reader, other ones each time, for MINUTES=10 or more
	@end=$$(( $$(date +%s) + 60 * $(MINUTES) )); while [ $$(date +%s) -lt $$end ]; do \
	FUZZ_EXAMPLES=2000 $(RUN) python -m pytest -n 0 tests/core/test_fuzzed_readers.py -k traceback || exit 1; done

check: $(READY) ## ruff, mypy, the workflow, the README's generated parts, dvc.yaml against the code, the lock
	$(RUN) ruff check .
	$(RUN) mypy
	@if command -v actionlint > /dev/null; then actionlint .github/workflows/*.yaml; else echo "actionlint: not here, the workflow is not checked"; fi
	$(RUN) synthempathy docs README.md --check
	$(RUN) synthempathy deps
	$(RUN) bash .ci/lock-gate

smollm2: $(READY) ## fetch a real pre-trained model (135M parameters) into models/smollm2
	$(RUN) synthempathy smollm2 models/smollm2

explore: $(READY) ## the whole run as a page: open data/explorer/index.html
	$(RUN) dvc repro explorer
	@echo "open $(CURDIR)/data/explorer/index.html"

plots: $(READY) ## open the pictures
	$(RUN) dvc plots show

prompts: $(READY) ## run every respond prompt as a DVC experiment and compare them
	$(RUN) synthempathy prompts
	$(RUN) synthempathy docs README.md

docs: $(READY) ## write the README's generated parts from dvc.yaml and metrics/
	$(RUN) synthempathy docs README.md

install: $(READY) ## EXTRAS=qlora,dvclive: these extras too, at the pins
	VENV=$(VENV) bash .ci/install $(if $(EXTRAS),dev$(comma)$(EXTRAS),dev)

constraints: ## resolve the pins of new requirements; UPGRADE=1: everything anew
	bash .ci/resolve $(if $(UPGRADE),--upgrade)

audit: ## look up the pins among the known vulnerabilities
	bash .ci/audit

epitome: $(READY) ## show EPITOME's terms (non-commercial research), then fetch it into data/external/epitome
	@cat data/external/epitome/LICENCE.md
	cd data/external && $(RUN) dvc pull epitome/*.csv.dvc && $(RUN) dvc status --quiet epitome/*.csv.dvc

acceptance: $(READY) ## EPITOME=FOLDER HATECHECK=CSV TWEETS=CSV: what scorer and filter are worth on people's texts
	$(RUN) synthempathy acceptance $(if $(EPITOME),--epitome "$(EPITOME)" --train) $(if $(HATECHECK),--hatecheck "$(HATECHECK)") $(if $(TWEETS),--tweets "$(TWEETS)")

clean: ## remove what runs leave outside DVC's outs
	rm -rf .synthempathy .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt requirements.lock
	$(PYTHON) -m venv $(VENV)
	VENV=$(VENV) bash .ci/install dev
	touch $(READY)
