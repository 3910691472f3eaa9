#!/bin/sh
# Sets everything up and runs the tests; arguments go to pytest.
#
# The embedded model's tests need llama.cpp, which pip builds once from source. Where that is impossible they
# are skipped and the last line says so; with CI set it is an error, so that no CI is green by skipping.
set -eu
cd "$(dirname "$0")/.."
without=
if ! scripts/setup.sh dev,local; then
    [ -z "${CI:-}" ] || exit 1
    without=yes
    scripts/setup.sh dev
fi
status=0
.venv/bin/python -m pytest -n auto "$@" || status=$?
[ -z "$without" ] || echo "test: the embedded model's tests were skipped, because llama-cpp-python could not be installed" >&2
exit "$status"
