#!/bin/sh
# example-list.sh: adds the wheels that are built on this machine to the example's list, and writes the requirements with
# the hashes of listed wheels.
#
# To be run on Debian 12 and on Debian 13 whenever the locks have changed, because the wheels with machine code have other
# names there. What is listed stays; a wheel of a listed name with another digest is refused. Then sign: `make example-key`.
set -eu
. "$(dirname -- "$0")/lib.sh"

scripts/example-wheels.sh --unlisted
cd debian-example
rustvenv=$stage/usr/bin/rustvenv
"$rustvenv" manifest --wheels "$top/target/example/wheels" --manifest wheels/sha256sums.txt --project tidings

set --
# shellcheck disable=SC2154 # of lib.sh
for target in $example_targets; do set -- "$@" --python "${target%/*}"; done
written=yes
for what in '' build-; do
	"$rustvenv" requirements --requirements "${what}sources.txt" --manifest wheels/sha256sums.txt "$@" \
		--output "${what}requirements.txt" || written=
done
if [ -z "$written" ]; then die "the list is not complete: do the same on the other release of Debian"; fi
say "wrote requirements.txt, build-requirements.txt and wheels/sha256sums.txt in debian-example/"
say "review them, then sign: make example-key"
