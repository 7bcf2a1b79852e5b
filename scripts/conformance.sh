#!/bin/sh
# conformance.sh [--keep] [PROJECT]...: are the wheels of PyPI installed by rustvenv as pip installs them? For each
# project of tests/conformance/projects.txt, or each that is named, conformance.py installs what its lock file names with
# both, compares the trees, imports the modules and runs the scripts, and prints a table. `make conformance` builds and
# stages what it needs first; RUSTVENV=FILE takes another binary.
#
# The wheels are fetched by hash into target/conformance/wheels, once, through pip with the user's own configuration.
# Modules and scripts of the wheels do run, in a network namespace of their own where the kernel allows one.
# What is left of a project that differs is in target/conformance/rooms; with --keep, of every project.
# Exit status: 0 all are equal, 1 not so, 2 it could not be done.
set -eu
. "$(dirname -- "$0")/lib.sh"

locks=$top/tests/conformance
work=$top/target/conformance
rustvenv=${RUSTVENV:-$stage/usr/bin/rustvenv}
keep=
if [ "${1-}" = --keep ]; then
	keep=--keep
	shift
fi
if [ $# = 0 ]; then
	# shellcheck disable=SC2046 # a word each
	set -- $(sed '/^#/d; s/\[.*//' "$locks/projects.txt")
fi
target=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(dpkg --print-architecture)
[ "$target" = 3.11-amd64 ] || die "the lock files are for Python 3.11 on amd64, and this is $target" \
	"scripts/conformance-lock.sh writes them for this machine"
[ -x "$rustvenv" ] || die "there is no $rustvenv" "scripts/stage.sh makes it"

mkdir -p "$work/logs" "$work/wheels"
fetch() { # LOCK
	logged "$work/logs/fetch.log" env -u PYTHONPATH -u PYTHONHOME "$python" -m pip download --quiet --require-hashes \
		--no-deps --only-binary=:all: --disable-pip-version-check --dest "$work/wheels" --requirement "$1"
}
# Asked for by name and hash, what is there already is not fetched again, but pip takes its time to find that out.
cat "$locks"/*.txt "$locks/pip/requirements.txt" | sha256sum >"$work/fetched.new"
if ! cmp -s "$work/fetched" "$work/fetched.new"; then
	say "fetching wheels by hash into target/conformance/wheels"
	for lock in "$locks/pip/requirements.txt" "$locks"/*.txt; do
		[ "$lock" = "$locks/projects.txt" ] || fetch "$lock"
	done
	mv "$work/fetched.new" "$work/fetched"
fi

# The pip that is compared with, by hash as everything else.
if [ ! -e "$work/pip-installed" ] || ! cmp -s "$work/pip-installed" "$locks/pip/requirements.txt"; then
	rm -rf "$work/pip"
	"$python" -m venv "$work/pip"
	logged "$work/logs/pip.log" env PIP_CONFIG_FILE=/dev/null "$work/pip/bin/python" -m pip install --no-index --require-hashes \
		--find-links "$work/wheels" --requirement "$locks/pip/requirements.txt"
	cp "$locks/pip/requirements.txt" "$work/pip-installed"
fi

# Who signs the lists: a key that nobody keeps.
gnupg=$(mktemp -d)
finish() {
	gpgconf --homedir "$gnupg" --kill gpg-agent 2>/dev/null || :
	rm -rf "$gnupg"
}
trap finish EXIT
gpg --homedir "$gnupg" --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key 'Conformance <conformance@invalid>' ed25519 sign never 2>"$work/logs/gpg.log"
gpg --homedir "$gnupg" --batch --quiet --armor --export >"$gnupg/certificate.asc"

say "$("$work/pip/bin/python" -m pip --version | cut -d ' ' -f 1,2) and $("$rustvenv" --version | head -n 1)"
"$python" scripts/conformance.py run --rustvenv "$rustvenv" --pip "$work/pip/bin/python" --wheels "$work/wheels" --work "$work" \
	--gnupg "$gnupg" --certificate "$gnupg/certificate.asc" ${keep:+"$keep"} "$@"
