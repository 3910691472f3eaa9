#!/bin/sh
# Sets everything up and runs the main job: a failing test is found, repaired and checked, in a copy.
#
# The model is the small one of the package, for which pip builds llama.cpp once. Where that is impossible the
# demonstration says so and plays a script instead.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f qwen_code/local/mini/mini.gguf ]; then
    scripts/setup.sh demo
    exec .venv/bin/python scripts/demo.py "$@"
fi
if ! .venv/bin/python -c 'import llama_cpp' 2>/dev/null; then
    echo "demo: installing llama.cpp; where it has to be built, that takes some minutes, once"
fi
scripts/setup.sh demo,local || {
    echo "demo: llama-cpp-python can't be installed here" >&2
    scripts/setup.sh demo
}
exec .venv/bin/python scripts/demo.py "$@"
