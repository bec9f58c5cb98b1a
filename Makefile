# Each target is one command on a fresh machine with Python 3.11.
PYTHON ?= python3.11
BIN := .venv/bin
STACK := plugins/coco_recipe_doctor/training_stack.txt

# two at a time; a file's tests stay together, so that they share what they make; files come in the
# order of tests/conftest.py
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# tests start hundreds of processes, each of which would compile the project again
export PYTHONDONTWRITEBYTECODE =

.PHONY: run train-small test test-fast soak fuzz faults lint docs bench bench-train zoo dist lowest clean

run: .venv/data.done   ## the core and the data steps, no torch: demo data, then recipes/quickstart.yaml
	test -f data/demo/annotations.json || $(BIN)/coco-recipe demo data/demo
	$(BIN)/coco-recipe run recipes/quickstart.yaml

train-small: .venv/all.done   ## the whole chain on a CPU: drawn pictures, then recipes/bottle_caps_small.yaml; 7 minutes
	test -f data/caps/annotations.json || $(BIN)/coco-recipe demo data/caps --images 160
	$(BIN)/coco-recipe run recipes/bottle_caps_small.yaml
	cat runs/bottle-caps-small/steps/score/metrics.txt

test: .venv/all.done lint   ## everything installed, the training stack too; all tests
	$(PYTEST)

test-fast: .venv/dev.done   ## no training stack: what answers within a minute, and what it left out
	$(PYTEST) -m "not slow" -rs
	@echo "left out: tests marked slow, and those of the training stack; make test runs all"

soak: .venv/all.done   ## the tests that try at random, ten times as often: an hour
	COCO_RECIPE_SOAK=1 $(PYTEST) -m soak

fuzz: .venv/dev.done   ## recipes and annotation files at random, for an hour; the last line says how many
	$(BIN)/python tests/end_to_end/test_fuzzing.py $${SECONDS_OF_FUZZ:-3600}

faults: .venv/dev.done   ## kill, fill, damage, interrupt runs in every way; a table of what came of it: hours
	$(BIN)/python tests/faults/matrix.py $(FAULTS)

dist: .venv/bin/python   ## the wheel and the source archive, with metadata that are right
	rm -rf dist
	$(BIN)/python -m pip install -q "build>=1.2,<2" "twine>=6,<7"
	$(BIN)/python -m build -q
	$(BIN)/python -m twine check --strict dist/*

# the libraries of the product alone are the lowest ones, and pip leaves them as they are
lowest: .venv/bin/python   ## the quick tests with the lowest versions that pyproject.toml allows
	$(BIN)/python -m pip install -q "uv>=0.5,<1"
	$(BIN)/uv venv -q --clear --python $(PYTHON) .venv-lowest
	$(BIN)/uv pip install -q --python .venv-lowest --resolution lowest-direct -e ".[augment,notebook]"
	$(BIN)/uv pip install -q --python .venv-lowest filelock hotcoco hypothesis ImageHash pycocotools pytest pytest-xdist pip \
		"setuptools<82" wheel
	.venv-lowest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

lint: .venv/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/docs.done   ## the site of docs/, in build/docs; a warning fails it
	$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs build/docs
	@echo "open build/docs/index.html"

bench: .venv/dev.done   ## figures as ratios against a baseline of the same run
	$(BIN)/python benchmarks/asking.py
	$(BIN)/python benchmarks/coco_scale.py
	$(BIN)/python benchmarks/augment.py

bench-train: .venv/all.done   ## does it learn, what does it cost beside mmengine alone, is the average worth it: 20 minutes
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/average.py

zoo: .venv/all.done   ## a config of each of 24 families: validate, adapt, train, average, evaluate; an hour
	$(BIN)/python benchmarks/zoo.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/data.done: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install -q -e ".[augment]"
	touch $@

.venv/dev.done: .venv/data.done
	$(BIN)/python -m pip install -q -e ".[augment,dev]"
	touch $@

.venv/docs.done: .venv/data.done
	$(BIN)/python -m pip install -q -e ".[augment,docs]"
	touch $@

# onedl-mmcv is built from source against the torch that is installed: minutes the first time, then pip has the wheel;
# a wheel of another torch installs but has no operators, so they are tried
.venv/all.done: .venv/dev.done $(STACK)
	sed '/^onedl-mmcv/,$$d' $(STACK) | $(BIN)/python -m pip install -q -r /dev/stdin
	sed -n '/^onedl-mmcv/p' $(STACK) | $(BIN)/python -m pip install -q --no-build-isolation -r /dev/stdin
	$(BIN)/python -c 'import mmcv.ops' || sed -n '/^onedl-mmcv/p' $(STACK) | $(BIN)/python -m pip install -q \
		--force-reinstall --no-deps --no-cache-dir --no-build-isolation -r /dev/stdin
	$(BIN)/python -m pip install -q -e ".[all]"
	touch $@

clean:
	rm -rf .venv .venv-lowest runs data build dist *.egg-info
