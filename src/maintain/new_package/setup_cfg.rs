//! setup.cfg, as far as setuptools takes a project's facts from it and they are simple.
//!
//! Enters: its text. Leaves: sections with keys and values, several lines being one value. Interpolation, files and attributes
//! (`%(x)s`, `file:`, `attr:`) are deliberately not followed: who reads a value has to take such a text for unknown.
//! Specification: <https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>.

use std::collections::BTreeMap;

/// The sections of a setup.cfg; within one, names in lower case with `_` and the value with its further lines.
#[derive(Debug, Default)]
pub struct SetupCfg(BTreeMap<String, BTreeMap<String, String>>);

impl SetupCfg {
    /// Reads what is simple, and passes over the rest.
    pub fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let (mut section, mut key) = (String::new(), None);
        for line in text.lines() {
            let bare = line.trim();
            if bare.starts_with(['#', ';']) {
                continue;
            }
            if bare.is_empty() {
                continue;
            }
            if let Some(name) =
                bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|_| !line.starts_with(' '))
            {
                section = name.trim().to_owned();
                key = None;
            } else if line.starts_with([' ', '\t']) {
                if let Some(value) = key.as_ref().and_then(|key| sections.get_mut(&section)?.get_mut(key)) {
                    value.push('\n');
                    value.push_str(bare);
                }
            } else if let Some((name, value)) = bare.split_once(['=', ':']) {
                let name = name.trim().to_ascii_lowercase().replace('-', "_");
                sections.entry(section.clone()).or_default().insert(name.clone(), value.trim().to_owned());
                key = Some(name);
            } else {
                key = None;
            }
        }
        Self(sections)
    }

    /// A value that is said in the file itself.
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        let value = self.0.get(section)?.get(key)?.trim();
        let elsewhere = ["attr:", "file:"].iter().any(|word| value.starts_with(word)) || value.contains("%(");
        (!elsewhere && !value.is_empty()).then_some(value)
    }

    /// Whether the key is there, whatever it says.
    pub fn has(&self, section: &str, key: &str) -> bool {
        self.0.get(section).is_some_and(|section| section.contains_key(key))
    }

    /// The lines of a value that is a list.
    pub fn lines(&self, section: &str, key: &str) -> Vec<&str> {
        self.get(section, key).map(|value| value.lines().filter(|line| !line.is_empty()).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simple_is_read() {
        let text = "# c\n[metadata]\nname = Greet\nversion = attr: greet.__version__\nlong-description = file: x\n\
            [options]\ninstall_requires =\n    click>=8\n\n    # why\n    jinja2; python_version < '4'\n\
            [options.entry_points]\nconsole_scripts =\n  greet = greet:main\nbroken\n  more\n";
        let cfg = SetupCfg::parse(text);
        assert_eq!(cfg.get("metadata", "name"), Some("Greet"));
        assert!(cfg.get("metadata", "version").is_none() && cfg.has("metadata", "version"));
        assert_eq!(cfg.lines("options", "install_requires"), ["click>=8", "jinja2; python_version < '4'"]);
        assert_eq!(cfg.lines("options.entry_points", "console_scripts"), ["greet = greet:main"]);
        assert!(!cfg.has("x", "y"));
    }
}
