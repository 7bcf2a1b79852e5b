#!/bin/sh
# stage.sh: builds rustvenv and installs it below target/stage, from where the example is built without installing it.
# `clean_env` in lib.sh puts that on PATH.
set -eu
. "$(dirname -- "$0")/lib.sh"

mkdir -p target
say "building rustvenv (the first time takes some minutes)"
# On a terminal cargo shows its progress; elsewhere what it says is for the log.
if [ -t 2 ]; then make --no-print-directory --silent all; else logged target/cargo.log make --no-print-directory all; fi
rm -rf "$stage"
logged target/stage.log make --no-print-directory install DESTDIR=target/stage prefix=/usr
