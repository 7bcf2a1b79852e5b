#!/bin/sh
# fuzz.sh SECONDS: runs each fuzz target for that long, on the corpus it has gathered so far.
# Needs a nightly toolchain and cargo-fuzz, which no other target does.
set -eu
. "$(dirname -- "$0")/lib.sh"

seconds=$1
command -v rustup >/dev/null || die "fuzzing needs rustup's nightly toolchain" "rustup toolchain install nightly"
cargo +nightly fuzz --version >/dev/null 2>&1 ||
	die "fuzzing needs a nightly toolchain and cargo-fuzz" "rustup toolchain install nightly" "cargo install cargo-fuzz"

targets=$(cargo +nightly fuzz list)
[ -n "$targets" ] || die "there is no fuzz target"
for target in $targets; do
	say "$target: $seconds s"
	# the corpus that earlier runs gathered, then the seeds; a dictionary where there is one
	mkdir -p "fuzz/corpus/$target"
	set -- "fuzz/corpus/$target"
	if [ -d "fuzz/seeds/$target" ]; then set -- "$@" "fuzz/seeds/$target"; fi
	options="-max_total_time=$seconds -print_final_stats=1"
	if [ -f "fuzz/$target.dict" ]; then options="$options -dict=fuzz/$target.dict"; fi
	# shellcheck disable=SC2086 # several options
	cargo +nightly fuzz run "$target" "$@" -- $options
done
