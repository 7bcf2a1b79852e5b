# shellcheck shell=sh
# Sourced by the other scripts: where the source tree is, how to speak, and how to run a program without the user's
# environment. Every script starts in the top directory of the source tree.

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd -- "$top" || exit 2

# A script that is interrupted cleans up as one that ends: sh runs what `trap ... EXIT` says only when it exits by itself.
trap 'exit 130' HUP INT TERM

# The distribution's interpreter, whatever pyenv or an active virtual environment put in front of it on PATH.
# shellcheck disable=SC2034 # used by the scripts that source this
python=/usr/bin/python3

# What the example's signed list is for: Python/glibc of Debian 12 and 13, on this architecture; and the projects of which
# upstream's wheel is taken, because building it takes a compiler for Rust and the sources of OpenSSL.
# shellcheck disable=SC2034
example_targets='3.11/2.36 3.13/2.41'
# shellcheck disable=SC2034
example_architecture=amd64
# shellcheck disable=SC2034
upstream_wheels=cryptography

say() { printf '==> %s\n' "$*"; }
die() {
	printf '%s: error: %s\n' "${0##*/}" "$1" >&2
	shift
	for line in "$@"; do printf '  %s\n' "$line" >&2; done
	exit 2
}

# logged FILE COMMAND...: runs COMMAND with its output in FILE; if it fails, shows the end of FILE.
logged() {
	log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null && return
	status=$?
	printf '%s: error: failed with status %s: %s\n' "${0##*/}" "$status" "$*" >&2
	printf '  the end of %s:\n' "$log" >&2
	tail -n 25 "$log" | sed 's/^/  | /' >&2
	exit "$status"
}

# clean_env [NAME=VALUE]... COMMAND...: runs COMMAND with nothing of the caller's environment, but with what was staged
# by `make install DESTDIR=target/stage` in front of what is installed. PIP_*, PYTHON*, DEB_* and DH_* stay outside.
stage=$top/target/stage
clean_env() {
	env -i PATH="$stage/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" PERL5LIB="$stage/usr/share/perl5" \
		DH_AUTOSCRIPTDIR="$stage/usr/share/debhelper/autoscripts" HOME=/nonexistent LC_ALL=C.UTF-8 "$@"
}
