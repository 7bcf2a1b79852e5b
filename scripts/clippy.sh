#!/bin/sh
# clippy.sh: Rust's lints for every target, each warning an error.
# Debian 12 has no clippy for the compiler that its archive lets us build with; there this says so and passes.
set -eu
. "$(dirname -- "$0")/lib.sh"

if ! scripts/cargo.sh clippy --version >/dev/null 2>&1; then
	if dpkg-query --show rustc-web >/dev/null 2>&1; then
		say "NOT CHECKED: clippy (rustc-web comes without it)"
		exit 0
	fi
	die "there is no clippy" "make check says how to get it"
fi
exec scripts/cargo.sh clippy --all-targets --locked -- -D warnings
