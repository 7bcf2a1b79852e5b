#!/bin/sh
# conformance-lock.sh [PROJECT]...: refreshes the lock files of tests/conformance, all or those of the named projects.
#
# The newest pip resolves each project of tests/conformance/projects.txt with what it needs, for this machine's Python,
# and nothing of it is run. What was chosen is written with its SHA-256 into tests/conformance/PROJECT.txt, and pip
# itself into tests/conformance/pip/requirements.txt. The index is the one of the user's own pip configuration.
set -eu
. "$(dirname -- "$0")/lib.sh"

locks=$top/tests/conformance
work=$top/target/conformance
tools=$work/lock-tools
mkdir -p "$work/reports" "$work/logs"

# resolve REPORT REQUIREMENT: what pip would install for REQUIREMENT
resolve() {
	logged "$work/logs/lock.log" env -u PYTHONPATH -u PYTHONHOME "$tools/bin/python" -m pip install --dry-run \
		--ignore-installed --only-binary=:all: --disable-pip-version-check --report "$1" "$2"
}

rm -rf "$tools"
"$python" -m venv "$tools"
logged "$work/logs/lock.log" "$tools/bin/python" -m pip install --upgrade --disable-pip-version-check pip
if [ $# = 0 ]; then
	say "pip"
	resolve "$work/reports/pip.json" pip
	mkdir -p "$locks/pip"
	"$python" scripts/conformance.py lock "$work/reports/pip.json" >"$work/lock.new"
	mv "$work/lock.new" "$locks/pip/requirements.txt"
fi

grep -v '^#' "$locks/projects.txt" | while read -r requirement; do
	project=${requirement%%\[*}
	if [ $# != 0 ]; then case " $* " in *" $project "*) ;; *) continue ;; esac fi
	say "$requirement"
	resolve "$work/reports/$project.json" "$requirement"
	"$python" scripts/conformance.py lock "$work/reports/$project.json" >"$work/lock.new"
	mv "$work/lock.new" "$locks/$project.txt"
done
