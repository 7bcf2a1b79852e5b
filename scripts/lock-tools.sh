#!/bin/sh
# lock-tools.sh: puts uv, packaging, pip-tools and a pip that locks into target/lock-tools, where the tests of locks use them.
# They come by hash from the index of the user's own pip configuration; what is there already is not fetched again.
set -eu
. "$(dirname -- "$0")/lib.sh"

tools=$top/target/lock-tools
mkdir -p target
# tests that run at the same time ask for it at the same time
exec 9>target/lock-tools.lock
flock 9
if cmp -s scripts/lock-tools.txt "$tools/installed"; then exit 0; fi

rm -rf "$tools"
logged target/lock-tools.log "$python" -m venv "$tools"
logged target/lock-tools.log "$tools/bin/python" -m pip install --quiet --require-hashes --only-binary=:all: --no-deps \
	--disable-pip-version-check --requirement scripts/lock-tools.txt
cp scripts/lock-tools.txt "$tools/installed"
