#!/bin/sh
# One run on a GPU: a model at tiers 1-3, 32 people at once, our overhead, encoder and vLLM on one card. See --help.
cd "$(dirname "$0")/.." || exit 1
exec "${PYTHON:-.venv/bin/python}" -m bench.gpu "$@"
