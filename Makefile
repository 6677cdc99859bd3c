# The two commands of the README: `make demo` and `make test`. Everything else here serves those.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGE_SOURCES := $(shell find web -type f -not -path 'web/dist/*')

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each of the tests' many processes would compile pytrain anew, and those of the referee all of TensorFlow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test thorough parity check page install browser referee model backbone wheel clean

demo: install page ## train, export, prove and serve the four-shapes classifier
	@$(BIN)/pytrain demo

test: check browser referee ## every promise once, in a real browser
	npm test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

thorough: browser referee ## all tests: further networks, libraries, data sets, interruptions; an hour
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m ""

parity: browser ## what Keras and TensorFlow.js say, for all layers and networks, and docs/layers.md from it
	$(BIN)/pytest -n 2 --dist loadfile -m "" tests/e2e/test_layer_parity.py tests/e2e/test_network_parity.py
	$(BIN)/python docs/make_layers.py

check: install page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run check

browser: install ## finds a Chromium for the tests, or gets one
	@$(BIN)/python tests/get_browser.py

referee: install ## the official converter in an environment of its own, for the tests that ask it
	@$(BIN)/python tests/get_referee.py

model: install page ## makes the committed models, exported_models/four-shapes and shape-masks, anew
	$(BIN)/pytrain train four-shapes --recipe mlp --out exported_models/demo-mlp
	$(BIN)/pytrain train four-shapes --recipe cnn
	$(BIN)/pytrain train four-shapes --recipe unet

backbone: install ## makes anew what comes with pytrain of the default backbone; then: npm run build
	$(BIN)/python -m pytrain.pipeline.browser_backbone web/backbone
	$(BIN)/python -m pytrain.pipeline.generated_rows

wheel: page install ## a wheel that carries the page and the four-shapes model
	$(BIN)/python -m build --wheel

install: $(VENV)/.installed
page: web/dist/index.html

$(VENV)/.installed: pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

web/dist/index.html: node_modules/.package-lock.json $(PAGE_SOURCES)
	npm run build
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

clean: ## removes what was built, and nothing else
	rm -rf $(VENV) .referee node_modules web/dist dist
