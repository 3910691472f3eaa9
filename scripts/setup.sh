#!/bin/sh
# Makes .venv with this checkout installed in it, and says which Python runs.
# Usage: scripts/setup.sh [EXTRAS]     e.g. scripts/setup.sh dev, scripts/setup.sh dev,local
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

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
}

# llama-cpp-python comes as source and takes minutes to build; only llama.cpp's library is wanted of it. What
# makes that quick when it runs, -march=native above all, is its own default. Who sets CMAKE_ARGS, e.g. for a
# graphics card, gets what they ask for.
install_with_llama_cpp() {
    if .venv/bin/python -c 'import llama_cpp.llama_cpp' 2>/dev/null; then
        install
        return
    fi
    found=
    for compiler in "${CXX:-}" c++ g++ clang++; do
        [ -n "$compiler" ] && command -v "${compiler%% *}" >/dev/null 2>&1 && found=yes && break
    done
    if [ -z "$found" ]; then
        echo "setup: llama.cpp can't be built, for want of a C++ compiler; on Debian and Ubuntu: apt install g++" >&2
        exit 1
    fi
    echo "setup: building llama.cpp, once; on two cores it takes two to five minutes" >&2
    only=$PWD/scripts/llama-library-only.cmake
    case ${CMAKE_ARGS:+set}$only in
        set* | *[[:space:]]*) install ;;
        *) CMAKE_ARGS="-DLLAVA_BUILD=OFF -DCMAKE_PROJECT_INCLUDE=$only" install || install ;;
    esac
}

# Installing takes seconds; skip even those when nothing that decides about it has changed.
stamp=.venv/.installed-${extras:-core}
if [ ! -f "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    case ",$extras," in
        *,local,*) install_with_llama_cpp ;;
        *) install ;;
    esac
    touch "$stamp"
fi
