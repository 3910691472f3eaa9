#!/bin/sh
# The sandbox's tests where they meet other conditions than in the whole run: as a plain user, and without
# bubblewrap. Needs root, since only root can become somebody else; what a machine does not permit is said and
# left out. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
tests="tests/unit/sandbox tests/unit/agent/test_confinement.py tests/e2e/test_sandbox.py"
[ "$(id -u)" = 0 ] || { echo "test-sandbox: not root, so the whole run was that of a plain user already"; exit 0; }
if ! unshare -m true 2>/dev/null; then
    echo "test-sandbox: this machine permits no mount namespace, so nothing was tested under other conditions" >&2
    exit 0
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
chown 65534:65534 "$home"
mkdir "$home.view"

# An interpreter below a folder that only root can enter (/root) is shown in that place, alone.
as_user='
    prefix=$(.venv/bin/python -c "import sys; print(sys.base_prefix)")
    closed=$prefix
    while [ "$closed" != / ] && [ -z "$(find "$closed" -prune ! -perm -o=x)" ]; do closed=$(dirname "$closed"); done
    if [ "$closed" != / ]; then
        view=$HOME_OF_TESTS.view
        mkdir -p "$view${prefix#"$closed"}"
        chmod -R 755 "$view"
        mount --bind "$prefix" "$view${prefix#"$closed"}"
        mount --rbind "$view" "$closed"
    fi
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
        env HOME="$HOME_OF_TESTS" TMPDIR="$HOME_OF_TESTS" PYTHONDONTWRITEBYTECODE=1 "$@"
'
user() { HOME_OF_TESTS="$home" unshare -m sh -c "$as_user" sh "$@"; }
if user .venv/bin/python -c 'import qwen_code, pytest' 2>/dev/null; then
    echo "test-sandbox: as a plain user"
    # shellcheck disable=SC2086 # words are meant
    user .venv/bin/python -m pytest -q -n auto --basetemp "$home/pytest" $tests "$@"
else
    echo "test-sandbox: other users can't read this checkout, so nothing was tested as a plain user" >&2
fi
rm -rf "$home.view"

if bwrap=$(command -v bwrap); then
    echo "test-sandbox: without bubblewrap"
    # shellcheck disable=SC2016,SC2086
    unshare -m sh -c 'mount --bind /dev/null "$1" && shift && exec "$@"' sh "$bwrap" \
        .venv/bin/python -m pytest -q -n auto $tests "$@"
fi
