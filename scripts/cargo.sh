#!/bin/sh
# cargo.sh ARGUMENT...: runs cargo, or says how to get one that is new enough.
# Either rustup's or the distribution's serves; which one is found first on PATH, or what CARGO names.
set -eu
. "$(dirname -- "$0")/lib.sh"

cargo=${CARGO:-cargo}
least=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"$/\1/p' Cargo.toml)

hint() {
	cat >&2 <<-TEXT
		error: $1
		  Rust 1.$least or newer is needed, in one of these ways:
		    Debian 13 and later:  apt-get install cargo
		    Debian 12:            apt-get install cargo-web
		    anywhere:             rustup toolchain install stable
	TEXT
	exit 2
}

command -v "$cargo" >/dev/null || hint "there is no cargo"
version=$("$cargo" --version) || hint "\`$cargo --version\` fails"
number=${version#cargo 1.}
minor=${number%%.*}
case $minor in '' | *[!0-9]*) hint "\`$cargo --version\` says: $version" ;; esac
if [ "$minor" -lt "$least" ]; then hint "this cargo is too old: $version"; fi
exec "$cargo" "$@"
