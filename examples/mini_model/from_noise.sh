#!/bin/sh
# Trains the demonstration model from noise, in four hours of two cores, and evaluates it.
# Usage: from_noise.sh [FOLDER]     Ctrl+C saves; the next call goes on there.
set -eu
cd "$(dirname "$0")/../.."
scripts/setup.sh dev,local,train
cd examples/mini_model
python=../../.venv/bin/python
folder=${1:-build/from_noise}

# A part that is behind us already ends at once.
train() {
    $python -m mini_model.train --folder "$folder" --minutes 600 "$@"
}

if [ ! -e "$folder/checkpoint.pt" ]; then
    fresh=--fresh
fi
train ${fresh:-} --until 14 --million 60 --rate 1.5e-3
train --million 42 --rate 1.2e-3 --batches 8 # larger steps, for small ones wear what copies
train --million 59 --rate 2.8e-3 --batches 8

$python -m mini_model.export "$folder/finished.pt" "$folder/mini.gguf"
$python -m mini_model.evaluate "$folder/mini.gguf" --count 200
$python -m mini_model.evaluate "$folder/mini.gguf" --folder handwritten
