#!/bin/sh
# Sets everything up and runs the tests; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh dev
exec .venv/bin/python -m pytest -n auto "$@"
