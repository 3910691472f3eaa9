#!/bin/sh
# Usage: start.sh MODEL.gguf [more llama-server flags]
set -eu
model=${1:?usage: start.sh MODEL.gguf [more llama-server flags]}
shift
server=${LLAMA_SERVER:-llama-server}
command -v "$server" >/dev/null || { echo "start.sh: $server is not on PATH; set LLAMA_SERVER" >&2; exit 1; }
exec "$server" -m "$model" --jinja -c 65536 --parallel 1 -fa on -ctk q8_0 -ctv q8_0 \
    --host 127.0.0.1 --port 8080 "$@"
