#!/bin/bash
# reprotest.sh [VARIATION]...: builds the example under each variation that reprotest knows, one at a time and then all
# together, and prints a table: is the package the same, and what did the second build see that the first did not?
# `make reprotest` builds and stages what it needs first.
#
# A variation that did not take effect is a failure too: several of them are silently left out by reprotest when a
# program is missing. Needs root, because some builds run as a second user and in a namespace with another host name;
# it makes that user (rustvenv-second) and leaves it. Logs and packages are in target/reprotest.
# Exit status: 0 all packages are equal and every variation took effect, 1 not so, 2 a build failed.
set -eu
. "$(dirname -- "$0")/lib.sh"

variations=(environment build_path kernel aslr num_cpus time user_group fileordering domain_host home locales exec_path
	timezone umask)
second_user=rustvenv-second
# reprotest draws this by lot, and the lot may be "the real time".
later=+413days+7hours+13minutes

[ "$(id -u)" = 0 ] || die "needs root: some variations are a second user and another host name"
work=$top/target/reprotest
rm -rf "$work"
mkdir -p "$work"

# ---- what the second user needs

getent passwd "$second_user" >/dev/null || useradd --system --user-group --shell /bin/sh "$second_user"
if [ ! -c /dev/fuse ]; then mknod /dev/fuse c 10 229; fi # in a container without udev
chmod 666 /dev/fuse                                      # as udev does
[ -e /etc/mtab ] || ln -s ../proc/self/mounts /etc/mtab  # fusermount reads it

# A place that everyone can read, which a checkout below /root or a private home is not.
bed=$(mktemp -d /var/tmp/rustvenv-reprotest.XXXXXX)
trap 'rm -rf "$bed"' EXIT
chmod 755 "$bed"
(umask 022 && cp -R target/stage "$bed/stage" && mkdir -p "$bed/bin" "$bed/source" &&
	cp -R debian-example "$bed/source/tidings" && cp target/example/wheels/*.whl "$bed/source/tidings/wheels/")

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

# What a build sees, a field a line: the proof that a variation is one.
cat >"$bed/bin/what-the-build-sees" <<'SEES'
#!/bin/sh
names=$(env | cut -d = -f 1 | sort | cksum | cut -d ' ' -f 1)
aslr=$(cat /proc/self/personality)
files=$(ls -U | cksum | cut -d ' ' -f 1)
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
TEXT
SEES
chmod 755 "$bed"/bin/*

# specification NAME: how reprotest is told to vary it, and for sure
specification() {
	case $1 in
	user_group) echo "+user_group,user_group.available+=$second_user:$second_user" ;;
	domain_host) echo "+domain_host,domain_host.use_sudo=1" ;;
	time) echo "+time,time.faketimes+=$later" ;;
	*) echo "+$1" ;;
	esac
}

# The tree is one level below what reprotest copies: the directory above the tree has to belong to whoever builds.
# Two builds, one of them varied; the packages end up in $work/NAME/.
run_reprotest() { # NAME SPECIFICATION
	env -i PATH="$bed/bin:$bed/stage/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" PERL5LIB="$bed/stage/usr/share/perl5" \
		DH_AUTOSCRIPTDIR="$bed/stage/usr/share/debhelper/autoscripts" HOME=/root LANG=C.UTF-8 \
		reprotest --verbosity=1 --no-diffoscope --store-dir="$work/$1" --variations="-all,$2" \
		--build-command 'cd tidings && what-the-build-sees && dpkg-buildpackage -us -uc -b -d' \
		"$bed/source" '*.deb' >"$work/$1.log" 2>&1 </dev/null
}

# seen LOG FIELD: what the two builds saw
seen() { sed -n "s/^sees: $2=//p" "$1"; }

worst=0
verdict() { # NAME STATUS VARIATION...
	local name=$1 status=$2 what sums field
	shift 2
	sums=$(find "$work/$name" -type f -name '*.deb' -exec sha256sum {} + 2>/dev/null | cut -d ' ' -f 1 | sort -u)
	if [ "$status" -gt 1 ] || [ -z "$sums" ]; then
		what=FAILS worst=2
	elif [ "$status" = 1 ] || [ "$(wc -l <<<"$sums")" != 1 ]; then
		what=differs
		[ "$worst" = 2 ] || worst=1
	else
		what=equal
	fi
	local idle='' effect=''
	for field in "$@"; do
		if [ "$(seen "$work/$name.log" "$field" | sort -u | wc -l)" -lt 2 ]; then idle="$idle $field"; fi
		effect=$(seen "$work/$name.log" "$field" | sed 's/.*\(.\{34\}\)$/…\1/' | paste -sd '|' | sed 's/|/ -> /')
	done
	if [ $# -gt 1 ]; then effect="$# variations"; fi
	if [ -n "$idle" ]; then
		effect="NOT VARIED:$idle"
		[ "$worst" = 2 ] || worst=1
	fi
	printf '%-13s %-8s %.12s  %s\n' "$name" "$what" "${sums:--}" "$effect"
	printf '%s\n' "$sums" >>"$work/sums"
}

printf '%-13s %-8s %-12s  %s\n' variation package sha256 'first build -> second build'
everything=
for variation in "${@:-${variations[@]}}"; do
	[ "$variation" != all ] || continue
	status=0
	run_reprotest "$variation" "$(specification "$variation")" || status=$?
	verdict "$variation" "$status" "$variation"
done
for variation in "${variations[@]}"; do everything="$everything,$(specification "$variation")"; done
status=0
run_reprotest all "${everything#,}" || status=$?
verdict all "$status" "${variations[@]}"

say "$(sort -u "$work/sums" | grep -c .) different package(s) over all builds; logs: target/reprotest"
[ "$(sort -u "$work/sums" | wc -l)" = 1 ] || [ "$worst" != 0 ] || worst=1
exit "$worst"
