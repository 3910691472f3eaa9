#!/bin/sh
# Usage: repair.sh TEST_COMMAND
# Runs the tests; when they fail, lets qwen-code repair them. Exits with qwen-code's own code: 0 only when the test
# command passes, which the harness checks itself; 54 when something was refused, 55 when the time was up, 56 when the
# tests still fail, 75 when the model could not be reached (worth a re-run of the job).
set -u
tests=$1

if sh -c "$tests"; then
    echo "The tests pass; nothing to repair."
    exit 0
fi

qwen-code --yolo --no-sandbox --output-format json --max-wall-time 900 --max-session-turns 40 \
    --verify "$tests" -p "The command \`$tests\` fails. Find the cause and fix the code, not the tests." > result.json
code=$?

python3 - result.json "$code" <<'END'
import json, os, sys

result = json.load(open(sys.argv[1]))[-1]
changed = bool(result["files_changed"]) and sys.argv[2] == "0"
print(result["result"] if changed else result.get("error", {}).get("message", "nothing was changed"))
if "GITHUB_OUTPUT" in os.environ:
    with open(os.environ["GITHUB_OUTPUT"], "a") as output:
        output.write(f"changed={'true' if changed else 'false'}\n")
END
exit "$code"
