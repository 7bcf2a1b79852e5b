//! Which Debian package ships a shared library, and from which version on it has a symbol version.
//!
//! Enters: a soname and a symbol version that an ELF file needs. Leaves: a package and a lower bound. Known are the C
//! library, the run-time libraries of GCC, what the manylinux policies (PEP 513, 571, 599, 600) let a wheel take
//! from the system, and what some wheels take all the same. The numbers are those of Debian's symbols files, the same in every release, so that one wheel leads
//! to one Depends wherever the package is built. What is installed on the machine that builds is deliberately not
//! looked at.

use crate::python::architecture::Architecture;
use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Bytes;

/// A library of the distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The binary package that ships it.
    pub package: String,
    versions: Versions,
}

/// How a library's symbol versions map to versions of its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    /// `GLIBC_2.N` is in libc6 2.N, and [`LIBC_EXTRA`].
    Glibc,
    /// libcrypt.so.1 has the versions that it had in glibc, which differ by architecture, and [`CRYPT`].
    Crypt,
    /// Only those of a table.
    Table(&'static [(&'static str, &'static str)]),
}

/// The lower bound that a symbol version means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Every version of the package has it.
    Any,
    /// This version of the package and later ones.
    AtLeast(String),
}

/// Libraries of glibc that are called like this on every architecture; the loader is called differently on each.
const GLIBC: &[&str] = &[
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
];

/// Libraries outside of glibc: soname, package, symbol versions. Beside those of the manylinux policies there are the ones that
/// wheels of GUI toolkits leave to the system (PyQt6), OpenMP (lightgbm), and what common projects are linked with when
/// their wheels are built from source on Debian (cffi, cryptography, psycopg2, PyNaCl, PyYAML). Where Debian 13 has another name
/// for a package, it also provides this one.
const LIBRARIES: &[(&str, &str, Versions)] = &[
    ("libEGL.so.1", "libegl1", UNVERSIONED),
    ("libGL.so.1", "libgl1", UNVERSIONED),
    ("libGLX.so.0", "libglx0", UNVERSIONED),
    ("libICE.so.6", "libice6", UNVERSIONED),
    ("libOpenGL.so.0", "libopengl0", UNVERSIONED),
    ("libSM.so.6", "libsm6", UNVERSIONED),
    ("libX11-xcb.so.1", "libx11-xcb1", UNVERSIONED),
    ("libX11.so.6", "libx11-6", UNVERSIONED),
    ("libXext.so.6", "libxext6", UNVERSIONED),
    ("libXi.so.6", "libxi6", UNVERSIONED),
    ("libXrandr.so.2", "libxrandr2", UNVERSIONED),
    ("libXrender.so.1", "libxrender1", UNVERSIONED),
    ("libasound.so.2", "libasound2", Versions::Table(ALSA)),
    ("libatomic.so.1", "libatomic1", Versions::Table(ATOMIC)),
    ("libbrotlidec.so.1", "libbrotli1", UNVERSIONED),
    ("libbrotlienc.so.1", "libbrotli1", UNVERSIONED),
    ("libbz2.so.1.0", "libbz2-1.0", UNVERSIONED),
    ("libcrypt.so.1", "libcrypt1", Versions::Crypt),
    ("libcrypto.so.3", "libssl3", Versions::Table(OPENSSL)),
    ("libdbus-1.so.3", "libdbus-1-3", Versions::Table(&[("LIBDBUS_1_3", "1.13.2")])),
    ("libdrm.so.2", "libdrm2", UNVERSIONED),
    ("libexpat.so.1", "libexpat1", UNVERSIONED),
    ("libffi.so.8", "libffi8", Versions::Table(FFI)),
    ("libfontconfig.so.1", "libfontconfig1", UNVERSIONED),
    ("libfreetype.so.6", "libfreetype6", UNVERSIONED),
    ("libgbm.so.1", "libgbm1", UNVERSIONED),
    ("libgcc_s.so.1", "libgcc-s1", Versions::Table(GCC)),
    ("libgio-2.0.so.0", "libglib2.0-0", UNVERSIONED),
    ("libglib-2.0.so.0", "libglib2.0-0", UNVERSIONED),
    ("libgobject-2.0.so.0", "libglib2.0-0", UNVERSIONED),
    ("libgomp.so.1", "libgomp1", Versions::Table(GOMP)),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2", Versions::Table(&[("gssapi_krb5_2_MIT", "1.19.2")])),
    ("libgthread-2.0.so.0", "libglib2.0-0", UNVERSIONED),
    // PEP 513 alone allows these two
    ("libncursesw.so.5", "libncursesw5", UNVERSIONED),
    ("libpanelw.so.5", "libncursesw5", UNVERSIONED),
    ("libpcsclite.so.1", "libpcsclite1", UNVERSIONED),
    ("libpq.so.5", "libpq5", UNVERSIONED),
    ("libpulse.so.0", "libpulse0", Versions::Table(&[("PULSE_0", "14.99.1")])),
    ("libsodium.so.23", "libsodium23", UNVERSIONED),
    ("libssl.so.3", "libssl3", Versions::Table(OPENSSL)),
    ("libstdc++.so.6", "libstdc++6", Versions::Table(STDCXX)),
    ("libwayland-client.so.0", "libwayland-client0", UNVERSIONED),
    ("libwayland-cursor.so.0", "libwayland-cursor0", UNVERSIONED),
    ("libwayland-egl.so.1", "libwayland-egl1", UNVERSIONED),
    ("libxcb-cursor.so.0", "libxcb-cursor0", UNVERSIONED),
    ("libxcb-glx.so.0", "libxcb-glx0", UNVERSIONED),
    ("libxcb-icccm.so.4", "libxcb-icccm4", UNVERSIONED),
    ("libxcb-image.so.0", "libxcb-image0", UNVERSIONED),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", UNVERSIONED),
    ("libxcb-randr.so.0", "libxcb-randr0", UNVERSIONED),
    ("libxcb-render-util.so.0", "libxcb-render-util0", UNVERSIONED),
    ("libxcb-render.so.0", "libxcb-render0", UNVERSIONED),
    ("libxcb-shape.so.0", "libxcb-shape0", UNVERSIONED),
    ("libxcb-shm.so.0", "libxcb-shm0", UNVERSIONED),
    ("libxcb-sync.so.1", "libxcb-sync1", UNVERSIONED),
    ("libxcb-util.so.1", "libxcb-util1", UNVERSIONED),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0", UNVERSIONED),
    ("libxcb-xkb.so.1", "libxcb-xkb1", UNVERSIONED),
    ("libxcb.so.1", "libxcb1", UNVERSIONED),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", Versions::Table(XKBCOMMON)),
    ("libxkbcommon.so.0", "libxkbcommon0", Versions::Table(XKBCOMMON)),
    ("libyaml-0.so.2", "libyaml-0-2", UNVERSIONED),
    ("libz.so.1", "zlib1g", Versions::Table(ZLIB)),
    ("libzstd.so.1", "libzstd1", UNVERSIONED),
];

const UNVERSIONED: Versions = Versions::Table(&[]);

/// Versions of glibc that are not called after a release. An empty version is met by every release.
const LIBC_EXTRA: &[(&str, &str)] = &[
    ("GCC_3.0", ""),
    ("GLIBC_ABI_DT_RELR", "2.36"),
    ("GLIBC_ABI_DT_X86_64_PLT", "2.42"),
    ("GLIBC_ABI_GNU2_TLS", "2.42"),
    ("GLIBC_ABI_GNU_TLS", "2.42"),
];

const ALSA: &[(&str, &str)] = &[
    ("ALSA_0.9", "1.2.6.1"),
    ("ALSA_0.9.0", "1.0.16"),
    ("ALSA_0.9.0rc4", "1.0.16"),
    ("ALSA_0.9.0rc8", "1.0.16"),
    ("ALSA_0.9.3", "1.0.16"),
    ("ALSA_0.9.5", "1.0.16"),
    ("ALSA_0.9.7", "1.0.16"),
    ("ALSA_1.1.6", "1.1.6"),
    ("ALSA_1.2.6", "1.2.7.1"),
];

const ATOMIC: &[(&str, &str)] = &[("LIBATOMIC_1.0", "4.8"), ("LIBATOMIC_1.1", "4.9"), ("LIBATOMIC_1.2", "6")];

const CRYPT: &[(&str, &str)] = &[("XCRYPT_2.0", "1:4.3.4"), ("XCRYPT_4.3", "1:4.3.0"), ("XCRYPT_4.4", "1:4.4.0")];

const FFI: &[(&str, &str)] = &[
    ("LIBFFI_BASE_8.0", "3.4"),
    ("LIBFFI_CLOSURE_8.0", "3.4"),
    ("LIBFFI_COMPLEX_8.0", "3.4"),
    ("LIBFFI_GO_CLOSURE_8.0", "3.4"),
];

/// `GGC_14.0.0` is no slip: 32-bit ARM spells it so.
const GCC: &[(&str, &str)] = &[
    ("GCC_11.0", "11"),
    ("GCC_12.0.0", "12"),
    ("GCC_13.0.0", "13"),
    ("GCC_14.0", "14"),
    ("GCC_14.0.0", "14"),
    ("GCC_16.0", "16"),
    ("GCC_16.0.0", "16"),
    ("GCC_3.0", "3.0"),
    ("GCC_3.3", "3.3"),
    ("GCC_3.3.1", "3.3.1"),
    ("GCC_3.3.4", "3.3.4"),
    ("GCC_3.4", "3.4"),
    ("GCC_3.4.2", "3.4.2"),
    ("GCC_3.4.4", "3.4.4"),
    ("GCC_3.5", "3.5"),
    ("GCC_4.0.0", "4.0"),
    ("GCC_4.1.0", "4.1"),
    ("GCC_4.2.0", "4.2"),
    ("GCC_4.3.0", "4.3"),
    ("GCC_4.4.0", "4.4"),
    ("GCC_4.5.0", "4.5"),
    ("GCC_4.7.0", "4.7"),
    ("GCC_4.8.0", "4.8"),
    ("GCC_7.0.0", "7"),
    ("GGC_14.0.0", "16.1"),
    ("GLIBC_2.0", "4.2"),
    ("GLIBC_2.2", "4.2"),
];

const GOMP: &[(&str, &str)] = &[
    ("GOACC_2.0", "5"),
    ("GOACC_2.0.1", "6"),
    ("GOACC_2.0.2", "12"),
    ("GOMP_1.0", "4.2.1"),
    ("GOMP_2.0", "4.4"),
    ("GOMP_3.0", "4.7"),
    ("GOMP_4.0", "4.9"),
    ("GOMP_4.0.1", "5"),
    ("GOMP_4.5", "6"),
    ("GOMP_5.0", "9"),
    ("GOMP_5.0.1", "11"),
    ("GOMP_5.1", "12"),
    ("OACC_2.0", "5"),
    ("OACC_2.0.1", "8"),
    ("OACC_2.5", "9"),
    ("OACC_2.5.1", "10"),
    ("OACC_2.6", "10"),
    ("OMP_1.0", "4.2.1"),
    ("OMP_2.0", "4.2.1"),
    ("OMP_3.0", "4.4"),
    ("OMP_3.1", "4.7"),
    ("OMP_4.0", "4.9"),
    ("OMP_4.5", "6"),
    ("OMP_5.0", "9"),
    ("OMP_5.0.1", "11"),
    ("OMP_5.0.2", "12"),
    ("OMP_5.1", "12"),
];

const OPENSSL: &[(&str, &str)] =
    &[("OPENSSL_3.0.0", "3.0.0"), ("OPENSSL_3.0.3", "3.0.3"), ("OPENSSL_3.0.8", "3.0.8"), ("OPENSSL_3.0.9", "3.0.9")];

/// Not in ascending order: some versions got symbols in a later release than their neighbours.
const STDCXX: &[(&str, &str)] = &[
    ("CXXABI_1.3", "4.1.1"),
    ("CXXABI_1.3.1", "4.1.1"),
    ("CXXABI_1.3.10", "6"),
    ("CXXABI_1.3.11", "10.2"),
    ("CXXABI_1.3.12", "9"),
    ("CXXABI_1.3.13", "11"),
    ("CXXABI_1.3.14", "13"),
    ("CXXABI_1.3.15", "14"),
    ("CXXABI_1.3.16", "15"),
    ("CXXABI_1.3.17", "16"),
    ("CXXABI_1.3.2", "4.3"),
    ("CXXABI_1.3.3", "4.3"),
    ("CXXABI_1.3.4", "4.3"),
    ("CXXABI_1.3.5", "4.3"),
    ("CXXABI_1.3.6", "4.3"),
    ("CXXABI_1.3.7", "4.3"),
    ("CXXABI_1.3.8", "4.3"),
    ("CXXABI_1.3.9", "5"),
    ("CXXABI_ARM_1.3.3", "4.4"),
    ("CXXABI_FLOAT128", "5"),
    ("CXXABI_IEEE128_1.3.13", "11"),
    ("CXXABI_LDBL_1.3", "4.2.1"),
    ("CXXABI_TM_1", "4.7"),
    ("GLIBCXX_3.4", "4.1.1"),
    ("GLIBCXX_3.4.1", "4.1.1"),
    ("GLIBCXX_3.4.10", "4.3"),
    ("GLIBCXX_3.4.11", "4.4"),
    ("GLIBCXX_3.4.12", "4.4"),
    ("GLIBCXX_3.4.13", "4.4.2"),
    ("GLIBCXX_3.4.14", "4.5"),
    ("GLIBCXX_3.4.15", "4.6"),
    ("GLIBCXX_3.4.16", "4.6"),
    ("GLIBCXX_3.4.17", "4.7"),
    ("GLIBCXX_3.4.18", "4.8"),
    ("GLIBCXX_3.4.19", "4.8"),
    ("GLIBCXX_3.4.2", "4.1.1"),
    ("GLIBCXX_3.4.20", "4.9"),
    ("GLIBCXX_3.4.21", "5.2"),
    ("GLIBCXX_3.4.22", "6"),
    ("GLIBCXX_3.4.23", "10.2"),
    ("GLIBCXX_3.4.24", "7"),
    ("GLIBCXX_3.4.25", "8"),
    ("GLIBCXX_3.4.26", "9"),
    ("GLIBCXX_3.4.27", "9.1"),
    ("GLIBCXX_3.4.28", "10.2"),
    ("GLIBCXX_3.4.29", "11"),
    ("GLIBCXX_3.4.3", "4.1.1"),
    ("GLIBCXX_3.4.30", "12"),
    ("GLIBCXX_3.4.31", "13"),
    ("GLIBCXX_3.4.32", "13.1"),
    ("GLIBCXX_3.4.33", "14"),
    ("GLIBCXX_3.4.34", "15"),
    ("GLIBCXX_3.4.35", "16"),
    ("GLIBCXX_3.4.36", "16.2"),
    ("GLIBCXX_3.4.4", "4.1.1"),
    ("GLIBCXX_3.4.5", "4.1.1"),
    ("GLIBCXX_3.4.6", "4.1.1"),
    ("GLIBCXX_3.4.7", "4.1.1"),
    ("GLIBCXX_3.4.8", "4.1.1"),
    ("GLIBCXX_3.4.9", "4.2.1"),
    ("GLIBCXX_IEEE128_3.4.29", "11"),
    ("GLIBCXX_IEEE128_3.4.30", "12"),
    ("GLIBCXX_IEEE128_3.4.31", "13"),
    ("GLIBCXX_LDBL_3.4", "4.2.1"),
    ("GLIBCXX_LDBL_3.4.10", "4.3"),
    ("GLIBCXX_LDBL_3.4.21", "5"),
    ("GLIBCXX_LDBL_3.4.29", "11"),
    ("GLIBCXX_LDBL_3.4.31", "13"),
    ("GLIBCXX_LDBL_3.4.7", "4.2.1"),
];

const XKBCOMMON: &[(&str, &str)] =
    &[("V_0.5.0", "0.5.0"), ("V_0.6.0", "0.6.1"), ("V_0.7.0", "0.7.0"), ("V_0.8.0", "0.8.0"), ("V_1.0.0", "1.0.0")];

const ZLIB: &[(&str, &str)] = &[
    ("ZLIB_1.2.0", "1:1.2.0"),
    ("ZLIB_1.2.0.2", "1:1.2.0.2"),
    ("ZLIB_1.2.0.8", "1:1.2.0.8"),
    ("ZLIB_1.2.12", "1:1.2.13.dfsg"),
    ("ZLIB_1.2.2", "1:1.2.2"),
    ("ZLIB_1.2.2.3", "1:1.2.2.3"),
    ("ZLIB_1.2.2.4", "1:1.2.2.4"),
    ("ZLIB_1.2.3.3", "1:1.2.3.4"),
    ("ZLIB_1.2.3.4", "1:1.2.3.4"),
    ("ZLIB_1.2.3.5", "1:1.2.6"),
    ("ZLIB_1.2.5.1", "1:1.2.6"),
    ("ZLIB_1.2.5.2", "1:1.2.6"),
    ("ZLIB_1.2.7.1", "1:1.2.8"),
    ("ZLIB_1.2.9", "1:1.2.11.dfsg"),
    ("ZLIB_1.3.1.2", "1:1.3.dfsg+really1.3.2"),
    ("ZLIB_1.3.2", "1:1.3.dfsg+really1.3.2"),
];

/// The library of the distribution that is called `soname` on `architecture`, for a package of Python `interpreter`
/// (major, minor); `None` when no package is known that ships it.
///
/// libpython is known for that interpreter only: a second Python in one process would have a second of everything.
pub fn find(soname: &str, architecture: &Architecture, interpreter: (u32, u32)) -> Option<Library> {
    if GLIBC.contains(&soname) || soname == architecture.elf().loader_soname() {
        return Some(Library { package: "libc6".to_owned(), versions: Versions::Glibc });
    }
    let python = format!("libpython{}.{}", interpreter.0, interpreter.1);
    if soname.strip_prefix(&python) == Some(".so.1.0") {
        return Some(Library { package: python, versions: UNVERSIONED });
    }
    let (_, package, versions) = LIBRARIES.iter().find(|(name, _, _)| *name == soname)?;
    Some(Library { package: (*package).to_owned(), versions: *versions })
}

impl Library {
    /// From which version of the package on the library has the symbol version `node`; `None` when that is not known,
    /// because the library is newer than the tables or because the version is private to its source package.
    pub fn bound(&self, node: &str) -> Option<Bound> {
        match self.versions {
            Versions::Glibc => glibc_release(node).map(Bound::AtLeast).or_else(|| look_up(LIBC_EXTRA, node)),
            Versions::Crypt => {
                look_up(CRYPT, node).or_else(|| glibc_release(node).map(|_| Bound::AtLeast("1:4.1.0".to_owned())))
            }
            Versions::Table(table) => look_up(table, node),
        }
    }
}

fn look_up(table: &[(&str, &str)], node: &str) -> Option<Bound> {
    let (_, version) = table.iter().find(|(name, _)| *name == node)?;
    Some(if version.is_empty() { Bound::Any } else { Bound::AtLeast((*version).to_owned()) })
}

/// `2.N` or `2.N.M` of `GLIBC_2.N` or `GLIBC_2.N.M`.
fn glibc_release(node: &str) -> Option<String> {
    let release = node.strip_prefix("GLIBC_")?;
    let mut parts = release.split('.');
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = parts.next() == Some("2")
        && parts.next().is_some_and(number)
        && parts.next().is_none_or(number)
        && parts.next().is_none();
    well_formed.then(|| release.to_owned())
}

/// Orders two version numbers of Debian packages as dpkg does
/// (<https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>).
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (a, b) = (split_version(a), split_version(b));
    compare_part(a.0, b.0).then_with(|| compare_part(a.1, b.1)).then_with(|| compare_part(a.2, b.2))
}

/// Epoch, upstream version, revision.
fn split_version(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.bytes().peekable(), b.bytes().peekable());
    loop {
        let ordering = compare_letters(&mut a, &mut b).then_with(|| number_part(&mut a).cmp(&number_part(&mut b)));
        if ordering != Ordering::Equal || (a.peek().is_none() && b.peek().is_none()) {
            return ordering;
        }
    }
}

/// Compares up to the next digit: `~` before the end, the end before letters, letters before everything else.
fn compare_letters(a: &mut Peekable<Bytes<'_>>, b: &mut Peekable<Bytes<'_>>) -> Ordering {
    let rank = |byte: Option<u8>| match byte {
        Some(b'~') => (0, 0),
        None => (1, 0),
        Some(letter) if letter.is_ascii_alphabetic() => (2, letter),
        Some(other) => (3, other),
    };
    loop {
        let x = a.next_if(|byte| !byte.is_ascii_digit());
        let y = b.next_if(|byte| !byte.is_ascii_digit());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let ordering = rank(x).cmp(&rank(y));
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The digits up to the next non-digit without leading zeros, in a form that compares like the number.
fn number_part(bytes: &mut Peekable<Bytes<'_>>) -> (usize, Vec<u8>) {
    let mut digits = Vec::new();
    while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
        if digit != b'0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    (digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(soname: &str) -> Library {
        find(soname, &Architecture::from_debian("amd64").unwrap(), (3, 11)).unwrap()
    }

    #[test]
    fn tables_are_sorted_and_say_each_thing_once() {
        for table in [LIBC_EXTRA, ALSA, ATOMIC, CRYPT, FFI, GCC, GOMP, OPENSSL, STDCXX, XKBCOMMON, ZLIB] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0), "{:?}", table[0]);
        }
        assert!(GLIBC.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(LIBRARIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn versions_become_lower_bounds() {
        for (soname, node, expected) in [
            ("libc.so.6", "GLIBC_2.2.5", "2.2.5"),
            ("libm.so.6", "GLIBC_2.27", "2.27"),
            ("ld-linux-x86-64.so.2", "GLIBC_2.3", "2.3"),
            ("libc.so.6", "GLIBC_ABI_DT_RELR", "2.36"),
            ("libgcc_s.so.1", "GCC_4.2.0", "4.2"),
            ("libgcc_s.so.1", "GCC_3.0", "3.0"),
            ("libstdc++.so.6", "GLIBCXX_3.4.23", "10.2"),
            ("libstdc++.so.6", "CXXABI_1.3.9", "5"),
            ("libz.so.1", "ZLIB_1.2.9", "1:1.2.11.dfsg"),
            ("libcrypt.so.1", "GLIBC_2.2.5", "1:4.1.0"),
            ("libcrypt.so.1", "XCRYPT_4.4", "1:4.4.0"),
            ("libatomic.so.1", "LIBATOMIC_1.2", "6"),
        ] {
            assert_eq!(library(soname).bound(node), Some(Bound::AtLeast(expected.to_owned())), "{soname} {node}");
        }
        assert_eq!(library("libc.so.6").bound("GCC_3.0"), Some(Bound::Any));
    }

    #[test]
    fn versions_that_mean_nothing_known() {
        for (soname, node) in [
            ("libc.so.6", "GLIBC_PRIVATE"),
            ("libc.so.6", "GLIBC_3.0"),
            ("libc.so.6", "GLIBC_2."),
            ("libc.so.6", "GLIBC_2"),
            ("libc.so.6", "GLIBC_2.1.1.1"),
            ("libc.so.6", "GLIBC_2.36-1"),
            ("libc.so.6", "GLIBCXX_3.4"),
            ("libstdc++.so.6", "GLIBCXX_3.4.99"),
            ("libX11.so.6", "X11_1.0"),
        ] {
            assert_eq!(library(soname).bound(node), None, "{soname} {node}");
        }
    }

    #[test]
    fn each_architecture_knows_its_own_loader_alone() {
        for architecture in Architecture::all() {
            let found = |soname: &str| find(soname, &architecture, (3, 11)).map(|library| library.package);
            assert_eq!(found(architecture.elf().loader_soname()).as_deref(), Some("libc6"));
            assert_eq!(found("ld-musl-x86_64.so.1"), None);
            assert_eq!(found("ld-linux-x86-64.so.2").is_some(), architecture.debian() == "amd64");
        }
    }

    #[test]
    fn libpython_is_that_of_the_package() {
        assert_eq!(library("libpython3.11.so.1.0").package, "libpython3.11");
        let amd64 = Architecture::from_debian("amd64").unwrap();
        for other in ["libpython3.1.so.1.0", "libpython3.12.so.1.0", "libpython3.11.so", "libpython3.so", "libpq.so.9"]
        {
            assert_eq!(find(other, &amd64, (3, 11)), None, "{other}");
        }
    }

    #[test]
    fn versions_are_ordered_as_dpkg_does() {
        for (a, b) in [
            ("2.2.5", "2.17"),
            ("2.9", "2.28"),
            ("4.1.1", "4.2"),
            ("5.2", "10.2"),
            ("9", "1:1"),
            ("1:1.2.11.dfsg", "1:1.3.dfsg+really1.3.2"),
            ("1.0~rc1", "1.0"),
            ("1.0", "1.0a"),
            ("1.0a", "1.0+b"),
            ("1.0-1", "1.0-1+b1"),
            ("1.0-1", "1.0-1.1"),
            ("1.0~~", "1.0~"),
            ("1-1-1", "1-1-2"),
        ] {
            assert_eq!(compare_versions(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(compare_versions(b, a), Ordering::Greater, "{b} {a}");
        }
        for (a, b) in [("1.0", "1.00"), ("0:1", "1"), ("1.0-", "1.0"), ("1.0-0", "1.0"), ("", "0"), ("7", "7")] {
            assert_eq!(compare_versions(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
