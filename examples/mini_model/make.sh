#!/bin/sh
# Trains the demonstration model on from where it is, finishes it, and puts it into the package.
# Usage: make.sh [MINUTES [FINISHING_MINUTES]]     Ctrl+C saves; the next call goes on there.
set -eu
cd "$(dirname "$0")/../.."
scripts/setup.sh dev,local,train
cd examples/mini_model
python=../../.venv/bin/python
mkdir -p build
$python -m mini_model.train --minutes "${1:-120}"
# What it gets wrong now, it is shown how to go on from in the rest of the training.
$python -m mini_model.export build/checkpoint.pt build/so_far.gguf
rm -f build/mistakes.jsonl
$python -m mini_model.mistakes build/so_far.gguf --minutes 3 &
$python -m mini_model.mistakes build/so_far.gguf --minutes 3 --start 1000000
wait
$python -m mini_model.train --minutes "${2:-60}" --decay
$python -m mini_model.export build/finished.pt build/mini.gguf
$python -m mini_model.evaluate build/mini.gguf --count 200 | tee build/evaluation.md
$python -m mini_model.evaluate build/mini.gguf --folder handwritten | tee -a build/evaluation.md
echo "The model is build/mini.gguf; copy it to qwen_code/local/mini/mini.gguf when the figures are better."
