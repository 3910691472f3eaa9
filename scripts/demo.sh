#!/bin/sh
# Sets everything up and runs the main job: a failing test is found, repaired and checked, in a copy.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh demo
exec .venv/bin/python scripts/demo.py "$@"
