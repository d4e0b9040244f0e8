//! From files to settings: includes, variables, sections.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::finding::{Finding, Severity};
use crate::include::{MAX_FILES, mapping, read_with_includes};
use crate::settings::{self, Settings};
use crate::variables::{overlay, substitute};
use crate::yaml::{self, Node, Place, YamlError};

/// A config that was read.
#[derive(Clone)]
pub struct Loaded {
    /// What it says.
    pub settings: Settings,
    /// What is worth saying about it, in the order of its places.
    pub findings: Vec<Finding>,
    /// The files that it is made of, to be watched.
    pub files: Vec<PathBuf>,
    /// Variables of its `environment_variables` section; they win over the environment's.
    pub overlay: BTreeMap<String, String>,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables are named only: their values may be secrets.
        out.debug_struct("Loaded")
            .field("settings", &self.settings)
            .field("findings", &self.findings)
            .field("files", &self.files)
            .field("overlay", &self.overlay.keys())
            .finish()
    }
}

/// Why a config cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An included file cannot be read.
    #[error("{place}: the included file {} cannot be read", path.display())]
    Included {
        /// Where it is named.
        place: Place,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A file's top level is no mapping.
    #[error("{place}: the top level must be a mapping with sections such as model_list, not {kind}")]
    NoMapping {
        /// Where.
        place: Place,
        /// What it is instead.
        kind: &'static str,
    },
    /// `include` is no list.
    #[error("{place}: `include` must be a list of files, such as [models.yaml]")]
    NoList {
        /// Where.
        place: Place,
    },
    /// Too many includes.
    #[error("{place}: more than {MAX_FILES} files make up the config; put some of them together")]
    TooManyFiles {
        /// The one too many.
        place: Place,
    },
}

impl Loaded {
    /// Whether it has no errors. A strict check takes no warnings either.
    #[must_use]
    pub fn is_acceptable(&self, strict: bool) -> bool {
        let most = if strict { Severity::Info } else { Severity::Warning };
        self.findings.iter().all(|finding| finding.severity <= most)
    }

    /// A variable: the config's own, else the environment's.
    #[must_use]
    pub fn variable(&self, environment: &dyn Environment, name: &str) -> Option<String> {
        self.overlay.get(name).cloned().or_else(|| environment.var(name))
    }
}

/// Reads a config and what it includes.
///
/// # Errors
/// It cannot be used at all: a file that is not there, broken YAML (with line and column), too many includes.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Loaded, LoadError> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    let root = read_with_includes(path, &mut files, &mut findings)?;
    Ok(finish(root, findings, files, environment))
}

/// Reads a config from a text; `name` stands for its file in findings. Nothing is included, which is reported.
///
/// # Errors
/// Broken YAML, with line and column.
pub fn load_text(name: &str, text: &str, environment: &dyn Environment) -> Result<Loaded, LoadError> {
    let mut findings = Vec::new();
    let root = mapping(yaml::read(name, text, &mut findings)?)?;
    if let Some(include) = root.get("include") {
        let message = "files are included by a file only; it has no effect";
        findings.push(Finding::at(Severity::Warning, include, "include".into(), message, None));
    }
    Ok(finish(root, findings, Vec::new(), environment))
}

fn finish(
    mut root: Node,
    mut findings: Vec<Finding>,
    files: Vec<PathBuf>,
    environment: &dyn Environment,
) -> Loaded {
    let overlay = overlay(&root, environment);
    let variable = |name: &str| overlay.get(name).cloned().or_else(|| environment.var(name));
    substitute(&mut root, "", &variable, &mut findings);
    let settings = settings::read(&root, &mut findings);
    let order = |finding: &Finding| finding.place.as_ref().map(|place| (place.line, place.column));
    let file = |finding: &Finding| {
        let name = finding.place.as_ref().map(|place| place.file.to_string());
        files.iter().position(|file| Some(file.display().to_string()) == name)
    };
    findings.sort_by_cached_key(|finding| (file(finding), order(finding)));
    Loaded { settings, findings, files, overlay }
}
