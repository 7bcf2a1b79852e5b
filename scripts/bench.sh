#!/bin/sh
# bench.sh: what verifying and installing cost beside the programs that people use for it today. Prints processor time
# and peak memory of whole processes, the median of several runs, and the ratio; machines differ, ratios less so.
set -eu
. "$(dirname -- "$0")/lib.sh"

runs=7
rustvenv=$top/target/stage/usr/bin/rustvenv
# A disk remembers for a while what was just deleted, and creating files on it costs more then.
if [ -w /dev/shm ]; then room=$(mktemp -d -p /dev/shm); else room=$(mktemp -d); fi
trap 'rm -rf "$room"' EXIT

# measure NAME COMMAND...: median of user+system seconds, and peak kilobytes, of $runs runs after one that warms up
measure() {
	name=$1
	shift
	"$@" >"$room/out" 2>&1 || {
		cat "$room/out" >&2
		die "$name failed"
	}
	: >"$room/times"
	n=0
	while [ "$n" -lt "$runs" ]; do
		/usr/bin/time -a -o "$room/times" -f '%U %S %M' "$@" >/dev/null 2>&1
		n=$((n + 1))
	done
	awk '{ print $1 + $2, $3 }' "$room/times" | sort -n | awk -v name="$name" '
		{ cpu[NR] = $1; if ($2 > memory) memory = $2 }
		END { printf "%-44s %7.2f s %7.1f MiB\n", name, cpu[int((NR + 1) / 2)], memory / 1024 }' | tee -a "$room/table"
}

# ratio A B: how many times the time of A that of B is
ratio() {
	awk -v a="$1" -v b="$2" '
		index($0, a) == 1 { x = substr($0, 45) + 0 }
		index($0, b) == 1 { y = substr($0, 45) + 0 }
		END { if (x > 0) printf "    %s: %.2f times the processor time of %s\n", b, y / x, a }' "$room/table"
}

say "a signed list of 100,000 lines"
export GNUPGHOME="$room/gnupg"
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'Bench <bench@invalid>' ed25519 sign never 2>/dev/null
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "%064x  project_%d-1.0-py3-none-any.whl\n", i, i }' >"$room/sums"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --armor --detach-sign --output "$room/sums.asc" "$room/sums"
mkdir "$room/keys"
gpg --batch --armor --export >"$room/keys/bench.asc"
gpg --batch --export >"$room/bench.gpg"
measure 'rustvenv verify' "$rustvenv" verify --manifest "$room/sums" --keyring "$room/keys" --reference-time 2040-01-01
measure 'gpgv (the signature alone)' gpgv --keyring "$room/bench.gpg" "$room/sums.asc" "$room/sums"
measure 'sqv (the signature alone)' sqv --keyring "$room/bench.gpg" "$room/sums.asc" "$room/sums"
ratio 'rustvenv verify' 'gpgv (the signature alone)'

say "the wheels of the example, into an empty directory"
tree=$room/tree
cp -R debian-example "$tree"
cp target/example/wheels/*.whl "$tree/wheels/"
sed -i '/^commands/d; s/^build-requirements.*/project = "none"/' "$tree/debian/tidings.rustvenv"
# shellcheck disable=SC2016 # for the inner shell
measure 'rustvenv install' sh -c 'cd "$1" && rm -rf debian/tidings debian/.debhelper && exec "$2" install --package tidings' - "$tree" "$rustvenv"
# shellcheck disable=SC2016
measure 'python3 -m venv, pip install --no-compile' sh -c 'rm -rf "$2" && /usr/bin/python3 -m venv "$2" && exec "$2/bin/python" -m pip \
	install --quiet --no-index --find-links "$1/wheels" --require-hashes --no-deps --no-compile --disable-pip-version-check \
	--requirement "$1/requirements.txt"' - "$tree" "$room/venv"
# shellcheck disable=SC2016
measure 'the same, compiled (as dh-virtualenv does)' sh -c 'rm -rf "$2" && /usr/bin/python3 -m venv "$2" && exec "$2/bin/python" -m pip \
	install --quiet --no-index --find-links "$1/wheels" --require-hashes --no-deps --disable-pip-version-check \
	--requirement "$1/requirements.txt"' - "$tree" "$room/venv"
ratio 'rustvenv install' 'python3 -m venv, pip install --no-compile'
ratio 'rustvenv install' 'the same, compiled (as dh-virtualenv does)'

runs=3
sizes=$room/sizes
python3 scripts/large-wheels.py "$sizes"
for wheel in large many; do
	case $wheel in
	large) say "a wheel of 1 GB with one library in it" ;;
	many) say "a wheel of 20,000 modules" ;;
	esac
	# shellcheck disable=SC2016
	measure "rustvenv install ($wheel)" sh -c 'cd "$1" && rm -rf "debian/$3" debian/.debhelper && exec "$2" install --package "$3"' \
		- "$sizes" "$rustvenv" "$wheel"
	# shellcheck disable=SC2016
	measure "python3 -m venv, pip install ($wheel)" sh -c 'rm -rf "$2" && /usr/bin/python3 -m venv "$2" && exec "$2/bin/python" -m pip \
		install --quiet --no-index --find-links "$1/wheels" --require-hashes --no-deps --no-compile --disable-pip-version-check \
		--requirement "$1/$3.txt"' - "$sizes" "$room/venv" "$wheel"
	ratio "rustvenv install ($wheel)" "python3 -m venv, pip install ($wheel)"
	rm -rf "${sizes:?}/debian/$wheel" "$room/venv"
done
