#!/bin/sh
# bench-index.sh [PROJECTS [RELEASES]]: what an index of very many wheels costs: time and peak memory of making it, of finding
# that nothing changed, and of adding one wheel. The wheels are tiny, so that what is measured is the number of files.
set -eu
. "$(dirname -- "$0")/lib.sh"

projects=${1:-10000}
releases=${2:-10}
rustvenv=${RUSTVENV:-$top/target/stage/usr/bin/rustvenv}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# measure NAME: makes the index and says what that took
measure() {
	/usr/bin/time -o "$room/time" -f '%e %U %S %M' "$rustvenv" index --wheels "$room/wheels" --output "$room/index" \
		--manifest "$room/sums" --keyring "$room/keys" 2>"$room/said" || {
		cat "$room/said" >&2
		die "$1 failed"
	}
	awk -v name="$1" '{ printf "%-28s %7.1f s, of the processor %7.1f s, %7.1f MiB\n", name, $1, $2 + $3, $4 / 1024 }' "$room/time"
	sed 's/^/    /' "$room/said"
}

# sign: the list, signed
sign() {
	rm -f "$room/sums.asc"
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' --armor --detach-sign --output "$room/sums.asc" "$room/sums"
}

say "$projects projects with $releases wheels each"
export GNUPGHOME="$room/gnupg"
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bench <bench@invalid>' ed25519 sign never 2>/dev/null
mkdir "$room/keys"
gpg --batch --armor --export >"$room/keys/bench.asc"
"$python" scripts/tiny-wheels.py "$room/wheels" "$projects" "$releases"
(cd "$room/wheels" && find . -name '*.whl' -printf '%f\0' | LC_ALL=C sort -z | xargs -0 sha256sum) >"$room/sums"
sign
# a file of the last two seconds is not remembered
sleep 3
measure 'a new index'
measure 'nothing changed'
"$python" scripts/tiny-wheels.py "$room/one" 1 $((releases + 1))
new=project_000000-1.$releases-py3-none-any.whl
cp "$room/one/$new" "$room/wheels/"
# a list grows at its end
(cd "$room/wheels" && sha256sum "$new") >>"$room/sums"
sign
measure 'one more wheel'
du -sh "$room/index" | awk '{ print "the index takes " $1 }'
wc -c <"$room/index/index.html" | awk '{ printf "the front page has %.1f MB\n", $1 / 1e6 }'
