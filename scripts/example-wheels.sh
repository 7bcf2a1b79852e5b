#!/bin/sh
# example-wheels.sh: fetches the example's wheels for this machine's Python into target/example/wheels, by hash.
# The index is the one of the user's own pip configuration. What is there already is not fetched again.
set -eu
. "$(dirname -- "$0")/lib.sh"

work=$top/target/example
wheels=$work/wheels
mkdir -p "$wheels" "$work/logs"

# What the wheels are for: another lock or another Python needs others.
purpose() {
	cat debian-example/requirements.txt debian-example/build-requirements.txt | sha256sum
	"$python" --version
}

fetched() {
	[ -s "$work/fetched" ] && [ "$(purpose)" = "$(cat "$work/fetched.for")" ] &&
		(cd "$wheels" && sha256sum --check --status "$work/fetched")
}

fetch() {
	# A PYTHONPATH of the user's has no business here.
	env -u PYTHONPATH -u PYTHONHOME "$python" -m pip download --require-hashes --no-deps --only-binary=:all: \
		--requirement debian-example/requirements.txt --requirement debian-example/build-requirements.txt \
		--disable-pip-version-check --dest "$wheels"
}

if fetched; then
	say "wheels: those that are locked are in target/example/wheels"
	exit 0
fi
say "wheels: fetching them by hash into target/example/wheels"
rm -f "$wheels"/*.whl
# On a terminal pip shows its progress; elsewhere what it says is for the log.
if [ -t 1 ]; then fetch; else logged "$work/logs/fetch.log" fetch; fi
(cd "$wheels" && sha256sum -- *.whl) >"$work/fetched"
purpose >"$work/fetched.for"
