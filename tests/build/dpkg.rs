//! Every call that dpkg makes of maintainer scripts (Debian Policy, 6.5 to 6.8), made by the real dpkg: what it installs, gives up,
//! is killed over, moves and hands to other packages. The roots are those of `maintainer_scripts`.

use crate::maintainer_scripts::{Packages, wheel};
use crate::source_package::SourcePackage;

/// What these scripts have in common beside `maintainer_scripts::TOOLS`.
///
/// `derive` makes another package of one, without a second build. `on SCRIPT CALL COMMAND` has that call of demo's own script
/// end in COMMAND, after debhelper's part. `fails` holds that dpkg does not succeed.
const TOOLS: &str = r#"
mkdir -p /tmp /notes/on
cd /notes
derive() {
	dpkg-deb -R "$1" /notes/edit && (cd /notes/edit && eval "$3") && dpkg-deb -b /notes/edit "$2" >/dev/null && rm -r /notes/edit
}
on() { mkdir -p /notes/on/$1; echo "$3" >/notes/on/$1/$2; }
never() { rm -rf /notes/on/*; }
fails() { ! "$@" >/notes/out 2>&1 || fail "was to fail: $*"; }
silent() { "$@" >/notes/out 2>&1 || { cat /notes/out; fail "failed: $*"; }; }
state() { dpkg-query -f '${db:Status-Status}' -W "$1" 2>/dev/null || :; }
is() { [ "$(state $1)" = "$2" ] || fail "$1 is $(state $1)"; }
"#;

/// Each script says that it was called, and ends as the test wants it to.
fn scripts(package: &SourcePackage) {
    for script in ["preinst", "postinst", "prerm"] {
        let text = format!(
            "#!/bin/sh\nset -e\necho \"{script} $*\" >>/notes/calls\n#DEBHELPER#\n\
             [ ! -e \"/notes/on/{script}/$1\" ] || . \"/notes/on/{script}/$1\"\n"
        );
        package.write(&format!("debian/demo.{script}"), text);
    }
    package.write("debian/demo.conf", "word = 1\n");
    package.write("debian/demo.install", "debian/demo.conf etc\n");
}

#[track_caller]
fn passes(packages: &Packages, script: &str) {
    let done = packages.script(&format!("{TOOLS}{script}"));
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

#[test]
fn every_call_of_dpkg_leaves_a_whole_package_or_none() {
    let packages = Packages::new();
    let first = wheel("shape.py", "WORD = 'one'\n").file("gone/__init__.py", "").file("gone/sub/m.py", "");
    packages.build("one", "1.0", first, scripts);
    packages.build("two", "2.0", wheel("shape/__init__.py", "WORD = 'two'\n").file("shape/sub.py", ""), scripts);
    passes(
        &packages,
        r##"
one=/packages/one.deb two=/packages/two.deb
# a file of another package stops dpkg at the end of unpacking
derive $one claimed.deb 'rm -r opt etc usr/share; mkdir -p usr/share/zz; : >usr/share/zz/claimed
	rm DEBIAN/conffiles DEBIAN/p*; sed -i "s/^Package:.*/Package: claimed/; /^Depends/d" DEBIAN/control'
derive $two clash.deb 'mkdir -p usr/share/zz; echo demo >usr/share/zz/claimed'
derive claimed.deb base.deb 'rm -r usr; sed -i "s/^Package:.*/Package: base/" DEBIAN/control'
derive base.deb against-base.deb 'sed -i "s/^Package:.*/Package: against-base/; /^Version/a Conflicts: base\nReplaces: base\nProvides: base-of-another-kind" DEBIAN/control'
derive against-base.deb against-base-fails.deb 'printf "#!/bin/sh\nexit 1\n" >DEBIAN/preinst; chmod 755 DEBIAN/preinst'
derive $one needs-base.deb 'sed -i "s/^Depends:/& base,/" DEBIAN/control'
derive $two trigger.deb 'echo "interest-noawait demo-trigger" >DEBIAN/triggers'
quietly dpkg -i claimed.deb

# abort-install
on preinst install 'exit 1'; fails dpkg -i $one; never; nothing "an installation that was given up"
fails dpkg -i clash.deb; nothing "an installation that stopped while it unpacked"
# killed while it unpacked, then again
mkdir bin; cat >bin/dpkg-deb <<'EOF'
#!/bin/sh
[ "$1" = --fsys-tarfile ] || exec /usr/bin/dpkg-deb "$@"
/usr/bin/dpkg-deb "$@" | head -c 40000
sleep 0.3
kill -9 $PPID
EOF
chmod 755 bin/dpkg-deb
step="killed while it unpacked"; fails env PATH="/notes/bin:$PATH" dpkg -i $one
[ -e $site ] && is demo half-installed
silent dpkg -i $one; check "installed after that" one

# unpacked, and not configured
step=purged; silent dpkg --purge demo; nothing purged; [ ! -e /etc/demo.conf ] || fail "the configuration is left"
step=unpacked; quietly dpkg --unpack $one; none unpacked; is demo unpacked; [ "$($venv/bin/demo)" = "$venv|data" ]
check_unpacked=$(caches); [ -n "$check_unpacked" ] || fail "root's run left no byte code"
quietly dpkg --configure demo; check configured one
quietly dpkg --unpack $two; is demo unpacked; none "unpacked over it"; silent dpkg --configure -a; check "configured then" two
silent dpkg --unpack $one; step="removed before it was configured"; quietly dpkg --remove demo; nothing "$step"; is demo config-files
# between that and the next removal root's run leaves byte code, and dpkg calls no script; the next installation removes it
step="root's run of an unpacked package"; silent dpkg --unpack $one; $venv/bin/python -c 'import gone.sub.m'; silent dpkg --remove demo
[ -z "$(find /opt -type f ! -path '*/__pycache__/*.pyc')" ] || fail "more than byte code is left"
silent dpkg -i $two; check "installed over it" two; [ ! -e $site/gone ] || fail "gone is left"

# killed in preinst and in postinst
on preinst upgrade 'kill -9 $PPID'; step="killed in preinst"; as_root; fails dpkg -i $one; never; none "killed in preinst"
silent dpkg -i $one; check "downgraded after that" one
on postinst configure 'kill -9 $PPID'; step="killed in postinst"; fails dpkg -i $two; never; is demo half-configured
: >$site/demo_app/__pycache__/cli.$tag.pyc; as_root; silent dpkg --configure -a; check "configured after that" two
on postinst configure 'exit 1'; step="failed in postinst"; fails dpkg -i $one; never; is demo half-configured; check "$step" one
as_root; silent dpkg --remove demo; nothing "removed half-configured"; silent dpkg -i $one; check "and again" one

# abort-upgrade: before, while and instead of unpacking; and one that both versions' prerm refuse
on preinst upgrade 'exit 1'; as_root; step="upgrade refused"; fails dpkg -i $two; never; check "upgrade refused" one
as_root; fails dpkg -i clash.deb; check "an upgrade that stopped while it unpacked" one
on prerm upgrade 'exit 1'; on prerm failed-upgrade 'exit 1'; as_root; fails dpkg -i $two; never; check "both prerm failed" one
step="killed while it upgraded"; fails env PATH="/notes/bin:$PATH" dpkg -i $two; silent dpkg -i $two; check "again" two
on prerm upgrade 'exit 1'; as_root; silent dpkg -i $one; never; check "failed-upgrade" one

# abort-remove, abort-deconfigure, deconfigure
on prerm remove 'exit 1'; as_root; fails dpkg --remove demo; never; check abort-remove one
quietly dpkg -i base.deb needs-base.deb; check "depends on base" one; as_root
fails dpkg --auto-deconfigure -i against-base-fails.deb; check abort-deconfigure one; is base installed; as_root
fails dpkg --auto-deconfigure -i against-base.deb; none deconfigured; is demo half-configured
silent dpkg --purge against-base; quietly dpkg -i base.deb; silent dpkg --configure -a; check "configured once more" one

# triggered
quietly dpkg -i trigger.deb; as_root; before=$(caches); dpkg-trigger --by-package=claimed demo-trigger; silent dpkg --triggers-only -a
step=triggered; [ "$(caches)" = "$before" ] || fail "something was done"
silent dpkg -i $one; check downgrade one

# conffiles, remove and then install
echo 'word = 2' >/etc/demo.conf; silent dpkg -i $two; step=conffile; grep -q 2 /etc/demo.conf || fail upgraded
as_root; quietly dpkg --remove demo; nothing removed; is demo config-files; grep -q 2 /etc/demo.conf || fail removed
on preinst install 'exit 1'; fails dpkg -i $two; never; is demo config-files
nothing "an installation over the configuration that was given up"
silent dpkg -i $two; check "remove, then install" two; grep -q 2 /etc/demo.conf || fail "the configuration is another one"
as_root; quietly dpkg --remove demo; quietly dpkg --purge demo; nothing purged; [ ! -e /etc/demo.conf ] || fail "configuration is left"

step=calls
for call in 'postinst configure' 'postinst configure 1.0' 'postinst configure 2.0' 'postinst abort-upgrade 2.0' \
	'postinst abort-remove' 'postinst abort-deconfigure in-favour against-base 1.0 removing base 1.0' \
	'postinst triggered demo-trigger' 'prerm remove' 'prerm upgrade 2.0' 'prerm failed-upgrade 1.0 2.0' \
	'prerm failed-upgrade 2.0 1.0' 'prerm deconfigure in-favour against-base 1.0 removing base 1.0'; do
	grep -qx "$call *" /notes/calls || { sort -u /notes/calls; fail "was not called: $call"; }
done
"##,
    );
}

#[test]
fn files_go_to_other_packages_and_other_places_and_nothing_stays_behind() {
    let packages = Packages::new();
    let old = || wheel("shape.py", "WORD = 'one'\n").file("gone/__init__.py", "").file("gone/sub/m.py", "");
    let new = || wheel("shape.py", "WORD = 'two'\n");
    let configured =
        |text: &'static str| move |package: &SourcePackage| package.config(&format!("project = \"none\"\n{text}"));
    packages.build("one", "1.0", old(), |_| ());
    packages.build("two", "2.0", new(), |_| ());
    packages.build("none", "1.0", old(), configured("bytecode = \"none\"\n"));
    packages.build("ship", "2.0", new(), configured("bytecode = \"ship\"\n"));
    packages.build("moved", "2.0", new(), configured("install-root = \"/srv/demo\"\nname = \"env\"\n"));
    packages.build("other-python", "2.0", new(), configured("python = \"3.12\"\n"));
    passes(
        &packages,
        r##"
one=/packages/one.deb two=/packages/two.deb none=/packages/none.deb ship=/packages/ship.deb moved=/packages/moved.deb
as_root() { $venv/bin/python -O -c 'import demo_app.cli, shape, gone.sub.m'; $venv/bin/python -c 'import shape, gone.sub.m'; }
gone() { [ ! -e $site/gone ] || fail "gone is left"; }
removed() { silent dpkg --purge $package; nothing "$1"; }

# what root's runs leave where no script cleans up, and the directories that they keep dpkg from removing
step=none; quietly dpkg -i $none; as_root; silent dpkg -i $two; check "compiled after none" two; gone; removed "compiled after none"
quietly dpkg -i $one; as_root; quietly dpkg -i $ship; check "shipped after compiled" two; gone
as_root 2>/dev/null || :; silent dpkg -i $one; check "compiled after shipped" one; removed "compiled after shipped"
step=noscripts; derive $one noscripts.deb 'rm DEBIAN/postinst DEBIAN/prerm'; quietly dpkg -i noscripts.deb; as_root
silent dpkg -i $two; check "compiled after noscripts" two; gone
quietly dpkg -i noscripts.deb; none noscripts; as_root; silent dpkg -i $one; check "noscripts and back" one

# the user's own files, and directories that hold nothing, stay; also where the package was upgraded and removed
mkdir -p $venv/own/empty/__pycache__x $venv/etc/conf.d; echo kept >$site/gone/kept.txt; echo own >$site/gone/__pycache__/own.txt; as_root
silent dpkg -i $two; step="the user's files"
[ "$(find $site/gone -type f | sort)" = "$site/gone/__pycache__/own.txt
$site/gone/kept.txt" ] && [ -d $venv/own/empty/__pycache__x ] && [ -d $venv/etc/conf.d ] || fail "are not what they were"
silent dpkg --purge demo; [ -f $site/gone/kept.txt ] && [ -d $venv/etc/conf.d ] || fail "are gone with the package"
[ -z "$(find /opt -name '*.pyc*')" ] || fail "byte code is left"; rm -r /opt

# another Python, another place
derive /packages/other-python.deb other-python.deb 'sed -i "/^Depends/s/python3.12/$PYTHON/" DEBIAN/control'
quietly dpkg -i $one; as_root; quietly dpkg -i other-python.deb; none "another Python, which is not there"
[ ! -e $venv/lib/$PYTHON ] && [ -e $venv/lib/python3.12/site-packages/shape.py ] || fail "not the other Python's directory alone"
quietly dpkg -i $one; check "the first Python again" one; [ ! -e $venv/lib/python3.12 ] || fail "the other Python's directory"
as_root; quietly dpkg -i $moved; nothing "moved away"
here=$venv there=/srv/demo/env; [ -e $there/lib/$PYTHON/site-packages/__pycache__/shape.$tag.pyc ] || fail "not compiled"
$there/bin/python -O -c 'import shape'; quietly dpkg -i $one; check "moved back" one; [ ! -e /srv/demo ] || fail "the other place is left"

# another package takes all files over, with and without a conflict, and with byte code of root's; or splits off
for relation in 'Conflicts: demo\nReplaces: demo' 'Breaks: demo (<< 2.0)\nReplaces: demo (<< 2.0)'; do
	package=demo; silent dpkg -i $one; check "before: $relation" one; as_root
	derive $two heir.deb "sed -i 's/^Package:.*/Package: heir/; /^Version/a $relation' DEBIAN/control"
	dpkg --auto-deconfigure -i heir.deb >/notes/out 2>&1 || :; is heir installed; package=heir; check "$relation" two
	# who breaks another package leaves it there; its removal takes nothing along but byte code
	case $(state demo) in half-configured) silent dpkg --purge demo ;; '' | not-installed) ;; *) fail "demo is there" ;; esac
	[ "$($venv/bin/python -B -c 'import shape; print(shape.WORD)')" = two ] && gone
	silent dpkg -i heir.deb; check "after: $relation" two; removed "$relation"
done
derive $one same.deb 'sed -i "s/^Package:.*/Package: heir/; /^Version/a Replaces: demo" DEBIAN/control'
package=demo; step=disappeared; quietly dpkg -i $one; as_root; quietly dpkg -i same.deb; package=heir; check "$step" one
case $(state demo) in '' | not-installed) ;; *) fail "is there" ;; esac
as_root; removed "$step"
package=demo; quietly dpkg -i $one; as_root
derive heir.deb heir-fails.deb 'printf "#!/bin/sh\nexit 1\n" >DEBIAN/preinst; chmod 755 DEBIAN/preinst
	sed -i "s/^Breaks: .*/Conflicts: demo/; s/^Replaces: .*/Replaces: demo/" DEBIAN/control'
fails dpkg -i heir-fails.deb; check "an heir that was refused" one
derive $two empty.deb 'rm -r opt usr DEBIAN/p*; sed -i "/^Depends/s/:.*/: heir/" DEBIAN/control'
for order in 'heir.deb empty.deb' 'empty.deb heir.deb'; do
	package=demo; silent dpkg -i $two; silent dpkg -i $one; as_root
	silent dpkg --auto-deconfigure -i $order; package=heir; check "renamed: $order" two; gone
	silent dpkg --purge demo; check "the empty package is gone: $order" two
	removed "renamed: $order"
done
"##,
    );
}

#[test]
fn disks_and_places_of_all_kinds() {
    let packages = Packages::new();
    let long = |number: u32| -> String {
        (0..150).map(|line| format!("def f{line}(a, b):\n    return a + b * {line} + {number}\n")).collect()
    };
    let many = (0..20).fold(wheel("shape.py", "WORD = 'one'\n"), |made, number| {
        made.file(&format!("many/m{number}.py"), long(number).as_bytes())
    });
    packages.build("one", "1.0", wheel("shape.py", "WORD = 'one'\n"), |_| ());
    packages.build("many", "1.0", many, |_| ());
    passes(
        &packages,
        r##"
# a disk that is full sooner or later while byte code is written: every module can be imported
step="a full disk"
for size in 340 351 362 373 384 395 406 417; do
	mkdir -p /opt; mount -t tmpfs -o size=${size}k none /opt
	quietly dpkg -i /packages/many.deb; is demo installed
	for number in $(seq 0 19); do echo "import many.m$number"; done >/notes/all.py
	$venv/bin/python -B /notes/all.py 2>/notes/err || { cat /notes/err; fail "$size KiB"; }
	[ "$(caches | wc -l)" -lt "$(wanted | wc -l)" ] || full=
	echo "$(caches | wc -l) of $(wanted | wc -l)" >>/notes/compiled
	silent dpkg --purge demo; umount /opt
done
[ "$(sort -u /notes/compiled | wc -l)" -gt 3 ] || { cat /notes/compiled; fail "the disk was never full, or always"; }

# a link to elsewhere, relative and absolute, and a file system that can only be read
for target in /srv/opt srv/opt; do
	rm -rf /opt; mkdir -p /srv/opt; ln -s $target /opt
	quietly dpkg -i /packages/one.deb; [ -L /opt ] && [ -e /srv/opt/venvs/demo/bin/python ] || fail "not behind the link"
	[ "$(cd /srv && find opt/venvs/demo -name '*.pyc' | wc -l)" = "$(wanted /srv | wc -l)" ] || fail "a link in the place of /opt"
	as_root; quietly dpkg --purge demo; [ -L /opt ] && [ -z "$(find /srv/opt -mindepth 1)" ] || fail "left behind the link"
done
rm /opt; mkdir /opt; quietly dpkg --unpack /packages/one.deb
step="a /opt that can only be read"; mount --bind /opt /opt; mount -o remount,ro,bind /opt
quietly dpkg --configure demo; none "$step"; [ "$($venv/bin/demo)" = "$venv|data" ]
fails dpkg --remove demo; ! grep -q __pycache__ /notes/out || { cat /notes/out; fail "byte code is spoken of"; }
umount /opt; quietly dpkg -i /packages/one.deb; check "that can be written again" one
mount --bind /opt /opt; mount -o remount,ro,bind /opt; before=$(find /opt -ls)
sh /var/lib/dpkg/info/demo.postinst configure 1.0 2>/notes/err || fail "configured again"; [ ! -s /notes/err ] || { cat /notes/err; fail "says something"; }
[ "$before" = "$(find /opt -ls)" ] || fail "is another one"; umount /opt; check "$step, and again" one

# what the administrator made of the package: another file in the place of one, and other rights
step="a diversion"; dpkg-divert --quiet --local --rename --add $site/shape.py; echo "WORD = 'mine'" >$site/shape.py
silent dpkg -i /packages/one.deb; [ "$($venv/bin/python -B -c 'import shape; print(shape.WORD)')" = mine ] || fail "not the other file"
[ -e $site/shape.py.distrib ] || fail "not diverted"; as_root; dpkg --remove demo >/notes/out 2>&1
[ "$(find /opt -type f)" = $site/shape.py ] || fail "not the own file alone"
rm $site/shape.py; dpkg-divert --quiet --local --rename --remove $site/shape.py; rm -r /opt
dpkg-statoverride --force-statoverride-add --add '#0' '#0' 0750 $venv; quietly dpkg -i /packages/one.deb
step="other rights"; [ "$(stat -c %a $venv)" = 750 ] || fail "are not kept"; [ "$(caches)" = "$(wanted)" ] || fail "not compiled"
as_root; quietly dpkg --purge demo; nothing "other rights"

# a link where the environment was, to a place of which a part is no environment of ours
step="the whole environment elsewhere"; quietly dpkg -i /packages/one.deb; mv $venv /srv/moved; ln -s /srv/moved $venv
as_root; silent dpkg -i /packages/one.deb; [ "$(find -L $venv -name '*.pyc' | wc -l)" = "$(wanted | wc -l)" ] || fail "not compiled"
as_root; silent dpkg --purge demo; [ -z "$(find /srv/moved -type f)" ] || fail "files are left"
"##,
    );
}
