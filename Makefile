.DEFAULT_GOAL := help
.PHONY: torture help demo test check format bench marathon safety fuzz mini mini-from-noise clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Set up, then repair a failing test before your eyes
	@scripts/demo.sh

test: ## Set up, then run the tests
	@scripts/test.sh

check: ## Lint, format, types and import layers
	@scripts/setup.sh dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/lint-imports --no-cache

format: ## Format the code and sort its imports
	@scripts/setup.sh dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## Measure the overhead against bare floors, in one run
	@scripts/setup.sh dev
	.venv/bin/python -m benchmarks.overhead
	@command -v tmux >/dev/null && .venv/bin/python -m benchmarks.repl || echo "the terminal is not measured: no tmux"

marathon: ## Measure a day's work in a small window: compactions, prefix, what is still known
	@scripts/setup.sh dev
	.venv/bin/python -m benchmarks.marathon

safety: ## Measure permissions and sandbox on cases and by fuzzing (QWEN_CODE_CASES names other cases)
	@scripts/setup.sh dev
	.venv/bin/python -m benchmarks.safety

fuzz: ## Compare the shell parser with real bash on 100,000 random scripts
	@scripts/setup.sh dev
	.venv/bin/python -m tests.unit.permissions.fuzz 100000

mini: ## Train the demonstration model further, and evaluate it
	@examples/mini_model/make.sh

mini-from-noise: ## Train the demonstration model from nothing, in four hours of two cores
	@examples/mini_model/from_noise.sh

PARTS ?= faults kills power_loss signals
torture: ## Kill, fail and cut it for an hour: the long form of the robustness tests
	@scripts/setup.sh dev
	QWEN_TORTURE=1 .venv/bin/python -m pytest $(PARTS:%=tests/torture/test_%.py) tests/unit/sessions -q

clean: ## Remove what building and testing left behind
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis benchmarks/out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
