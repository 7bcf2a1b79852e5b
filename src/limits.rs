//! The bounds on what untrusted input may cost, in one place with their reasons. A bound that belongs to one format alone, such
//! as the depth of a marker, stands with its reader.
//!
//! A limit turns an input that would exhaust the machine into a refusal. The defaults stand well above what exists: the
//! largest wheels of PyPI have some 20,000 members and a few gigabytes. Those on wheels can be set by a package's configuration, which
//! is reviewed with it; nothing else sets any.

use serde::Deserialize;

/// Bounds on input; all sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// A manifest: 100,000 wheels are about 12 MB of lines.
    #[serde(skip)]
    pub manifest_size: u64,
    /// A file of signatures: a signature takes about 1 kB.
    #[serde(skip)]
    pub signature_size: u64,
    /// A file of certificates: a well-signed certificate takes about 200 kB.
    #[serde(skip)]
    pub certificate_size: u64,
    /// Files in a keyring directory.
    #[serde(skip)]
    pub certificate_files: usize,
    /// A requirements file, and how many may include one another.
    #[serde(skip)]
    pub requirements_size: u64,
    /// Requirements files read in total, by `-r` and `-c`.
    #[serde(skip)]
    pub requirements_files: usize,
    /// A configuration file.
    #[serde(skip)]
    pub configuration_size: u64,
    /// Files in a directory of wheels.
    #[serde(skip)]
    pub wheel_files: usize,
    /// A wheel as it lies on the disk.
    pub wheel_size: u64,
    /// Members of one wheel: the largest known have 20,000.
    pub members: usize,
    /// The central directory of one wheel: about 150 bytes a member.
    pub directory_size: u64,
    /// One member, uncompressed.
    pub member_size: u64,
    /// All members of one wheel together, uncompressed.
    pub total_size: u64,
    /// Uncompressed size by compressed size of one member above `ratio_floor`: deflate cannot exceed 1032, and real text
    /// stays below 200.
    pub ratio: u64,
    /// Uncompressed size up to which the ratio is not looked at: small files of one byte repeated are common.
    #[serde(skip)]
    pub ratio_floor: u64,
    /// Uncompressed size of all members by the size of the wheel, above `total_ratio_floor`: whole wheels stay below 30.
    pub total_ratio: u64,
    /// Uncompressed size of all members up to which their ratio is not looked at.
    #[serde(skip)]
    pub total_ratio_floor: u64,
    /// Bytes in a member's path: PATH_MAX is 4096, and the package's own prefix comes before.
    pub path_length: usize,
    /// Bytes in one component of a path: NAME_MAX.
    #[serde(skip)]
    pub component_length: usize,
    /// Components of a path.
    pub path_depth: usize,
    /// METADATA, WHEEL, entry_points.txt and other files of a `.dist-info` that are parsed.
    pub metadata_size: u64,
    /// RECORD: about 120 bytes a member.
    pub record_size: u64,
    /// The page of one project on an index: the largest have 20 MB for some 40,000 files.
    #[serde(skip)]
    pub page_size: u64,
    /// Files on the page of one project.
    #[serde(skip)]
    pub page_files: usize,
    /// One file that is fetched, sdist or wheel.
    #[serde(skip)]
    pub download_size: u64,
    /// A settings file of pip or uv, or a netrc file.
    #[serde(skip)]
    pub settings_size: u64,
    /// A source distribution as it lies on the disk.
    #[serde(skip)]
    pub sdist_size: u64,
    /// A source distribution, uncompressed.
    #[serde(skip)]
    pub sdist_total_size: u64,
    /// Uncompressed size by compressed size of a source distribution above `ratio_floor`: real ones stay below 20.
    #[serde(skip)]
    pub sdist_ratio: u64,
    /// What may precede one member of a tar archive: a long name, or extended attributes.
    #[serde(skip)]
    pub sdist_header_size: u64,
    /// Memory for the dictionary of an xz stream, in KiB: `xz -9` makes streams that take 65 MiB.
    #[serde(skip)]
    pub xz_memory: u32,
}

impl Limits {
    /// The bounds that every command uses.
    pub const DEFAULT: Self = Self {
        manifest_size: 32 << 20,
        signature_size: 1 << 20,
        certificate_size: 4 << 20,
        certificate_files: 1000,
        requirements_size: 16 << 20,
        requirements_files: 100,
        configuration_size: 1 << 20,
        wheel_files: 200_000,
        wheel_size: 4 << 30,
        members: 200_000,
        directory_size: 64 << 20,
        member_size: 4 << 30,
        total_size: 16 << 30,
        ratio: 1000,
        ratio_floor: 16 << 20,
        total_ratio: 200,
        total_ratio_floor: 256 << 20,
        path_length: 1024,
        component_length: 255,
        path_depth: 64,
        metadata_size: 16 << 20,
        record_size: 64 << 20,
        page_size: 64 << 20,
        page_files: 500_000,
        download_size: 4 << 30,
        settings_size: 4 << 20,
        sdist_size: 2 << 30,
        sdist_total_size: 8 << 30,
        sdist_ratio: 200,
        sdist_header_size: 1 << 20,
        xz_memory: 128 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
