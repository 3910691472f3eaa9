#!/bin/sh
# Trains the demonstration model on from where it is, finishes it, and puts it into the package.
# Usage: make.sh [MINUTES [FINISHING_MINUTES]]     Ctrl+C saves; the next call goes on there.
set -eu
cd "$(dirname "$0")/../.."
scripts/setup.sh dev,local,train
cd examples/mini_model
python=../../.venv/bin/python
mkdir -p build
$python -m mini_model.train --minutes "${1:-150}"
$python -m mini_model.train --minutes "${2:-30}" --decay
$python -m mini_model.export build/finished.pt build/mini.gguf
$python -m mini_model.evaluate build/mini.gguf --count 200 | tee build/evaluation.md
$python -m mini_model.evaluate build/mini.gguf --folder handwritten | tee -a build/evaluation.md
echo "The model is build/mini.gguf; copy it to qwen_code/local/mini/mini.gguf when the figures are better."
