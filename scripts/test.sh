#!/bin/sh
# test.sh [ARGUMENT...]: the Rust tests, by nextest where it is installed, else by `cargo test`.
# The documentation's examples come first, so that the summary of the tests is the last thing to be seen.
set -eu
. "$(dirname -- "$0")/lib.sh"

# What a user's shell or a package build exports is no input of the tests.
for name in $(env | cut -d = -f 1); do
	case $name in DEB_* | DH_* | PIP_* | PYTHON* | SOURCE_DATE_EPOCH | GNUPGHOME | VIRTUAL_ENV) unset "$name" ;; esac
done

scripts/cargo.sh test --doc --locked --quiet
if scripts/cargo.sh nextest --version >/dev/null 2>&1; then
	exec scripts/cargo.sh nextest run --locked "$@"
fi
exec scripts/cargo.sh test --lib --bins --tests --locked "$@"
