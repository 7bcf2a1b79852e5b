#!/bin/sh
# example-lock.sh: refreshes the example's locks of sources.
#
# uv resolves the dependencies that debian-example/pyproject.toml declares, and the tools that build them, to the newest
# releases; nothing of them is run. sources.txt and build-sources.txt get the SHA-256 of each sdist, or of upstream's wheel
# where that is taken ($upstream_wheels in lib.sh). The index is the one of the user's own pip configuration.
#
# Then build the wheels and list them, on Debian 12 and on Debian 13 (`make example-list`), review the differences, and sign
# (`make example-key`).
set -eu
. "$(dirname -- "$0")/lib.sh"

example=$top/debian-example
work=$top/target/example-lock
uv=$top/target/lock-tools/bin/uv
rustvenv=$stage/usr/bin/rustvenv
# What click, Jinja2 and tomli-w are built with, beside the example's own back end.
tools='flit-core>=3.11,<4'

# The dependencies, a line each: `declared SECTION KEY`
declared() {
	"$python" -c 'import sys, tomllib
with open(sys.argv[1], "rb") as file:
    print(*tomllib.load(file)[sys.argv[2]][sys.argv[3]], sep="\n")' "$example/pyproject.toml" "$1" "$2"
}

# resolve NAME: NAME.in to NAME.txt, with the hashes of all files of each release
resolve() {
	index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || :)}
	"$uv" pip compile --quiet --no-config --no-header --no-annotate --generate-hashes --universal --upgrade \
		--python-version 3.11 ${index:+--default-index "$index"} --output-file "$work/$1.txt" "$work/$1.in"
}

# lock NAME: the files of NAME.txt that are fetched for any of the targets, as a requirements file, sorted by name
lock() {
	upstream=
	for name in $upstream_wheels; do
		if grep -q "^$name==" "$work/$1.txt"; then upstream="$upstream --upstream-wheels $name"; fi
	done
	for target in $example_targets; do
		# shellcheck disable=SC2086 # names of projects, each with its option
		"$rustvenv" fetch --requirements "$work/$1.txt" --sdists target/example/sdists --wheels "$work/wheels" $upstream \
			--architecture "$example_architecture" --python "${target%/*}" --glibc "${target#*/}" --format json
	done >"$work/$1.json"
	"$python" -c 'import json, sys
releases = {}
for file in map(json.loads, sys.stdin):
    releases.setdefault((file["project"], file["version"]), set()).add(file["sha256"])
print("# Sources by their hashes. Written by scripts/example-lock.sh; do not edit.")
for (project, version), digests in sorted(releases.items()):
    print(project + "==" + version, *("--hash=sha256:" + digest for digest in sorted(digests)), sep=" \\\n    ")' <"$work/$1.json"
}

rm -rf "$work"
mkdir -p "$work"
declared project dependencies >"$work/sources.in"
(declared build-system requires && printf '%s\n' "$tools") >"$work/build-sources.in"
for name in sources build-sources; do
	say "resolving $name"
	resolve "$name"
	lock "$name" >"$work/$name.lock"
done
for name in sources build-sources; do mv "$work/$name.lock" "$example/$name.txt"; done
say "wrote sources.txt and build-sources.txt in debian-example/; now, on Debian 12 and on 13: make example-list"
