#!/bin/bash
# reprotest.sh [--tree DIRECTORY] [VARIATION]...: builds the example, or the source package in DIRECTORY with the wheels
# that are in it, once as it is and once under each variation: those that reprotest knows, those that it does not, and then
# all of reprotest's together. Prints a table: is the package the same as the first, and what did the build see that the
# first did not? `make reprotest` makes and stages what this needs first.
#
# A variation that did not take effect is a failure too: several of them are silently left out by reprotest when a
# program is missing. One that this machine cannot have is named with the reason. Needs root, because some builds run as a
# second user and in a namespace with another host name; it makes that user (rustvenv-second) and leaves it. Logs and
# packages are in target/reprotest/NAME.
# Exit status: 0 all packages are equal and every variation took effect that can, 1 not so, 2 a build failed.
set -eu
. "$(dirname -- "$0")/lib.sh"

# What reprotest knows, and what it does not: older and newer files, other modes of files, a number of processors to use, a
# directory for temporary files, a file system in memory, and a clock before the date of the package.
variations=(environment build_path kernel aslr num_cpus time user_group fileordering domain_host home locales exec_path
	timezone umask)
others=(mtime_old mtime_new modes parallel tmpdir tmpfs clock_past)
second_user=rustvenv-second
# reprotest draws this by lot, and the lot may be "the real time".
later=+413days+7hours+13minutes
earlier=@1000000000

[ "$(id -u)" = 0 ] || die "needs root: some variations are a second user and another host name"
tree=
if [ "${1-}" = --tree ]; then
	tree=$(realpath -- "${2-}")
	[ -e "$tree/debian/changelog" ] || die "--tree wants the directory of a source package"
	shift 2
fi
name=$(dpkg-parsechangelog --file "${tree:-debian-example}/debian/changelog" --show-field Source)
work=$top/target/reprotest/$name
rm -rf "$work"
mkdir -p "$work"

# ---- what the second user needs

getent passwd "$second_user" >/dev/null || useradd --system --user-group --shell /bin/sh "$second_user"
if [ ! -c /dev/fuse ]; then mknod /dev/fuse c 10 229 2>/dev/null || :; fi # in a container without udev
[ ! -c /dev/fuse ] || chmod 666 /dev/fuse                                # as udev does
[ -e /etc/mtab ] || ln -s ../proc/self/mounts /etc/mtab                  # fusermount reads it

# A place that everyone can read, which a checkout below /root or a private home is not.
bed=$(mktemp -d /var/tmp/rustvenv-reprotest.XXXXXX)
trap 'rm -rf "$bed"' EXIT
chmod 755 "$bed"
(umask 022 && cp -R target/stage "$bed/stage" && mkdir -p "$bed/bin" "$bed/source" "$bed/spot" &&
	cp -R "${tree:-debian-example}" "$bed/source/$name")
[ -n "$tree" ] || (umask 022 && cp target/example/wheels/*.whl "$bed/source/$name/wheels/")
chmod -R u+rwX,go+rX-w "$bed/source"

# reprotest 0.7 calls `sudo -h HOST COMMAND`, which sudo refuses since 1.9.13p3; and sudo would reset PATH, which is one
# of the things to vary. Root needs no sudo to become somebody else.
cat >"$bed/bin/sudo" <<'SUDO'
#!/bin/sh
user=root group=
while [ $# -gt 0 ]; do
	case $1 in
	-h) shift 2 ;;
	-u) user=$2 && shift 2 ;;
	-g) group=$2 && shift 2 ;;
	-E | -n) shift ;;
	--) shift && break ;;
	-*) echo "sudo: not expected here: $1" >&2 && exit 2 ;;
	*) break ;;
	esac
done
# Within the second user's build reprotest asks for that user once more.
[ "$(id -un)" != "$user" ] || exec "$@"
exec setpriv --reuid "$user" --regid "${group:-$(id -g "$user")}" --init-groups -- "$@"
SUDO

# Each run of reprotest would build below another directory of /tmp, which varies the path of every build. Here it is always
# the same one, but where the path is what is varied.
cat >"$bed/bin/mktemp" <<MKTEMP
#!/bin/sh
case "\$*" in
"--directory --tmpdir reprotest."*) mkdir -- "$bed/spot/build" && echo "$bed/spot/build" ;;
*) exec /usr/bin/mktemp "\$@" ;;
esac
MKTEMP

# What a build sees, a field a line: the proof that a variation is one.
cat >"$bed/bin/what-the-build-sees" <<'SEES'
#!/bin/sh
names=$(env | cut -d = -f 1 | sort | cksum | cut -d ' ' -f 1)
aslr=$(cat /proc/self/personality)
files=$(ls -U debian | cksum | cut -d ' ' -f 1)
changed=$(date -u -r debian/control +%F)
sed 's/^/sees: /' <<TEXT
environment=$names
build_path=$PWD
kernel=$(uname -r)
aslr=$aslr
num_cpus=$(nproc)
time=$(date +%Y-%m)
user_group=$(id -un):$(id -gn)
fileordering=$(stat --file-system --format=%T .):$files
domain_host=$(hostname)
home=$HOME
locales=${LC_ALL-unset}
exec_path=$PATH
timezone=${TZ-unset}
umask=$(umask)
mtime_old=$changed
mtime_new=$changed
modes=$(stat --format=%a debian/control)
parallel=${DEB_BUILD_OPTIONS-unset}
tmpdir=${TMPDIR-unset}
tmpfs=$(stat --file-system --format=%T .)
clock_past=$(date +%Y-%m)
TEXT
SEES
chmod 755 "$bed"/bin/*

# ---- the variations

# specification VARIATION: how reprotest is told to vary it, and for sure; nothing for what it does not know
specification() {
	case $1 in
	user_group) echo "+user_group,user_group.available+=$second_user:$second_user" ;;
	domain_host) echo "+domain_host,domain_host.use_sudo=1" ;;
	time) echo "+time,time.faketimes+=$later" ;;
	clock_past) echo "+time,time.faketimes+=$earlier" ;;
	none | mtime_old | mtime_new | modes | parallel | tmpdir | tmpfs) ;;
	*) echo "+$1" ;;
	esac
}

build='what-the-build-sees && dpkg-buildpackage -us -uc -b -d'
# command VARIATION: what is run in the source tree
command_of() {
	case $1 in
	mtime_old) echo "find . -exec touch -h -d 1970-01-02 {} + && $build" ;;
	mtime_new) echo "find . -exec touch -h -d 2029-01-02 {} + && $build" ;;
	modes) echo "chmod -R g+w,o-rwx . && $build" ;;
	parallel) echo "export DEB_BUILD_OPTIONS=parallel=7 && $build" ;;
	tmpdir) echo "mkdir ../elsewhere && export TMPDIR=\"\$(realpath ../elsewhere)\" && $build" ;;
	tmpfs) echo "cp -R . ../copy && unshare --mount sh -c 'mount -t tmpfs none \"\$PWD\" && cp -R ../copy/. \"\$PWD\" &&
		cd \"\$PWD\" && $build'" ;;
	*) echo "$build" ;;
	esac
}

# lacking VARIATION: why this machine cannot have it, if so
lacking() {
	case $1 in
	kernel) setarch --uname-2.6 true 2>/dev/null || echo "setarch cannot change what the kernel says" ;;
	aslr) setarch --addr-no-randomize true 2>/dev/null || echo "setarch cannot switch it off" ;;
	num_cpus) [ "$(nproc)" -gt 1 ] || echo "there is one processor" ;;
	fileordering)
		if [ ! -c /dev/fuse ] || ! head -c 0 /dev/fuse 2>/dev/null; then echo "there is no FUSE"; fi
		;;
	domain_host) unshare --uts true 2>/dev/null || echo "no namespace for another host name" ;;
	locales) locale -a | grep -qix 'et_EE\.utf-\?8' || echo "locales-all is not installed" ;;
	tmpfs) unshare --mount mount -t tmpfs none /mnt 2>/dev/null || echo "no file system in memory can be mounted" ;;
	esac
}

# Builds the tree, which is one level below what reprotest copies: the directory above the tree has to belong to whoever
# builds. One build is the first one, with nothing varied; the others are held against it. The packages are in
# $work/VARIATION/.
run_reprotest() { # NAME SPECIFICATION COMMAND
	rm -rf "$bed/spot/build"
	chmod 1777 "$bed/spot"
	set -- "$@" --store-dir="$work/$1" --variations="-all${2:+,$2}" --build-command "cd $name && $3"
	if [ "$1" != none ]; then set -- "$@" --control-build="$work/none/control"; fi
	env -i PATH="$bed/bin:$bed/stage/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" PERL5LIB="$bed/stage/usr/share/perl5" \
		DH_AUTOSCRIPTDIR="$bed/stage/usr/share/debhelper/autoscripts" HOME=/root LANG=C.UTF-8 \
		reprotest --verbosity=1 --no-diffoscope "${@:4}" "$bed/source" '*.deb' >"$work/$1.log" 2>&1 </dev/null
}

# seen NAME FIELD: what its last build saw
seen() { sed -n "s/^sees: $2=//p" "$work/$1.log" | tail -n 1; }

worst=0
equal=0
absent=0
verdict() { # NAME STATUS VARIATION...
	local row=$1 status=$2 what sums field
	shift 2
	# of a package that is the same reprotest keeps a link to the first one
	if [ "$status" = 0 ] && [ "$(readlink "$work/$row/experiment-1")" = control ]; then
		sums=$first
	else
		sums=$(find "$work/$row/experiment-1/" -type f -name '*.deb' -exec sha256sum {} + 2>/dev/null | cut -d ' ' -f 1)
	fi
	if [ "$status" -gt 1 ] || [ -z "$sums" ]; then
		what=FAILS worst=2
	elif [ "$sums" != "$first" ]; then
		what=differs
		[ "$worst" = 2 ] || worst=1
	else
		what=equal equal=$((equal + 1))
	fi
	local idle='' effect=''
	for field in "$@"; do
		if [ "$(seen none "$field")" = "$(seen "$row" "$field")" ]; then idle="$idle $field"; fi
		effect="$(seen none "$field" | tail -c 30) -> $(seen "$row" "$field" | tail -c 30)"
	done
	if [ $# -gt 1 ]; then effect="$# variations"; fi
	if [ "$row" = none ]; then effect='nothing varied'; fi
	if [ -n "$idle" ] && [ "$row" != none ]; then
		effect="NOT VARIED:$idle"
		[ "$worst" = 2 ] || worst=1
	fi
	printf '%-13s %-8s %.12s %5ss  %s\n' "$row" "$what" "${sums:--}" "$((SECONDS - began))" "$effect"
}

# one NAME SPECIFICATION COMMAND VARIATION...: a row
one() {
	local status=0
	began=$SECONDS
	run_reprotest "$1" "$2" "$3" || status=$?
	verdict "$1" "$status" "${@:4}"
}

say "$name: $(find "$bed/source" -name '*.whl' | wc -l) wheels"
printf '%-13s %-8s %-12s %6s  %s\n' variation package sha256 time 'what the first build saw -> what this one saw'
began=$SECONDS
status=0
run_reprotest none '' "$build" || status=$?
first=$(find "$work/none/control" -type f -name '*.deb' -exec sha256sum {} + 2>/dev/null | cut -d ' ' -f 1)
if [ -z "$first" ]; then
	tail -n 25 "$work/none.log" | sed 's/^/  | /' >&2
	die "the first build failed"
fi
verdict none "$status"

together=()
everything=
for variation in "${@:-${variations[@]}}" $([ $# != 0 ] || echo "${others[@]}" all); do
	[ "$variation" != all ] || continue
	reason=$(lacking "$variation")
	if [ -n "$reason" ]; then
		absent=$((absent + 1))
		printf '%-13s %-8s %-12s %6s  %s\n' "$variation" 'NOT RUN' - - "$reason"
		continue
	fi
	one "$variation" "$(specification "$variation")" "$(command_of "$variation")" "$variation"
done
for variation in "${variations[@]}"; do
	[ -z "$(lacking "$variation")" ] || continue
	together+=("$variation")
	everything="$everything,$(specification "$variation")"
done
one all "${everything#,}" "$build" "${together[@]}"

say "$name: $equal builds are equal to the first; logs: target/reprotest/$name"
[ "$absent" = 0 ] || say "$absent variations cannot be had on this machine"
exit "$worst"
