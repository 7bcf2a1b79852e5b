#!/bin/sh
# example-wheels.sh [--unlisted]: builds the example's wheels from sources, into target/example/wheels.
#
# Fetches the sdists of debian-example/sources.txt and build-sources.txt by their hashes, from the index of the user's own
# pip configuration, and builds a wheel of each, twice, in a sandbox, with tools that are built from sources before. The
# projects in $upstream_wheels are the exception: upstream's own wheel is taken, by its hash too. Then every wheel has to be
# the one on the signed list, byte for byte (not with --unlisted, by which new wheels come about). What is there already is
# neither fetched nor built again.
set -eu
. "$(dirname -- "$0")/lib.sh"

work=$top/target/example
wheels=$work/wheels
rustvenv=$stage/usr/bin/rustvenv
mkdir -p "$wheels" "$work/sdists" "$work/logs"

architecture=$(dpkg --print-architecture)
# shellcheck disable=SC2154 # of lib.sh
[ "$architecture" = "$example_architecture" ] ||
	die "the example's signed list has wheels with machine code for $example_architecture, and this machine is $architecture"

# What the wheels are made of: others are built from the beginning.
purpose() {
	cat debian-example/sources.txt debian-example/build-sources.txt | sha256sum
	"$python" --version
	cc --version | head -n 1
}
if [ "$(purpose)" != "$(cat "$work/wheels.for" 2>/dev/null)" ]; then
	rm -rf "$wheels"
	purpose >"$work/wheels.for"
fi

# talking LOG COMMAND...: on a terminal its progress is shown; elsewhere what it says is for the log.
talking() {
	log=$1
	shift
	if [ -t 2 ]; then "$@" >"$log"; else logged "$log" "$@"; fi
}

set -- "${1-}" --requirements debian-example/sources.txt --requirements debian-example/build-sources.txt
mode=$1
shift

say "sources: fetching them by hash into target/example/sdists"
# shellcheck disable=SC2046,SC2086,SC2154 # of lib.sh: names of projects, each with its option
talking "$work/logs/fetch.log" "$rustvenv" fetch "$@" --sdists "$work/sdists" --wheels "$wheels" \
	$(printf ' --upstream-wheels %s' $upstream_wheels)
say "wheels: building them from these sources, each twice, in sandboxes, into target/example/wheels"
talking "$work/logs/build-wheels.log" "$rustvenv" build "$@" --sdists "$work/sdists" --wheels "$wheels"
[ "$mode" != --unlisted ] || exit 0

if ! "$rustvenv" -C debian-example verify --manifest wheels/sha256sums.txt --keyring debian/signers --wheels "$wheels" \
	--requirements requirements.txt --requirements build-requirements.txt >"$work/logs/verify.log"; then
	release=$(. /etc/os-release && printf '%s' "$PRETTY_NAME")
	die "these are not the wheels that were signed for; were they built with other tools?" \
		"listed: wheels with machine code for Debian 12 and 13 on $example_architecture; pure ones are the same everywhere" \
		"here: $release, $("$python" --version), $(cc --version | head -n 1)" \
		"up to date with Debian 12 or 13 and still refused? That is worth a report; the records in" \
		"target/example/wheels/.rustvenv-build say what each wheel was made from."
fi
say "wheels: each is the file that was signed for; built here, but for upstream's own of $upstream_wheels:"
(cd "$wheels" && sha256sum -- *.whl) | sed 's/^/    /'
