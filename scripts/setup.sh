#!/bin/sh
# Makes .venv with this checkout installed in it, and says which Python runs.
# Usage: scripts/setup.sh [EXTRAS]     e.g. scripts/setup.sh dev
set -eu
cd "$(dirname "$0")/.."
extras=${1:-}

python=
for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: no Python 3.11 or newer was found; install one, or name it: PYTHON=/path/to/python3 $0" >&2
    exit 1
fi

if [ ! -x .venv/bin/python ]; then
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        echo "setup: $python can't make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi

# Installing takes seconds; skip even those when nothing that decides about it has changed.
stamp=.venv/.installed-${extras:-core}
if [ ! -f "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
    touch "$stamp"
fi
