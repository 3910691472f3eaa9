#!/bin/sh
# Installs what some tests need and the machine may lack. Without bubblewrap they are skipped, so that failing is no
# error here; without a compiler for llama.cpp scripts/test.sh says what is wrong.
wanted=
command -v bwrap >/dev/null 2>&1 || wanted=bubblewrap
command -v c++ >/dev/null 2>&1 || wanted="$wanted g++"
[ -n "$wanted" ] || exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || exit 0
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
    echo "ci-tools: could not be installed: $wanted" >&2
exit 0
