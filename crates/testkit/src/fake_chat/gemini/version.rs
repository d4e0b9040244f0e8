//! What a model's name says of its rules.

/// The version in a model's name: `gemini-3.6-flash` is (3, 6). Names without one have the rules of the oldest models,
/// but `gemini-flash-latest` and its kin those of the third.
#[derive(Clone, Debug)]
pub(super) struct Version {
    number: (u32, u32),
    name: String,
}

impl Version {
    pub(super) fn of(model: &str) -> Self {
        Self { number: number(model).unwrap_or((0, 0)), name: model.into() }
    }

    /// Whether it is this version or a later one.
    pub(super) fn since(&self, major: u32, minor: u32) -> bool {
        self.number >= (major, minor)
    }

    /// Whether it is exactly this version.
    pub(super) fn is(&self, major: u32, minor: u32) -> bool {
        self.number == (major, minor)
    }

    /// Whether the name has this word, such as `pro`.
    pub(super) fn has(&self, word: &str) -> bool {
        self.name.split('-').any(|part| part == word)
    }
}

fn number(model: &str) -> Option<(u32, u32)> {
    let rest = model.strip_prefix("gemini-")?;
    if rest.ends_with("-latest") && !rest.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Some((3, 0));
    }
    let (version, _) = rest.split_once('-').unwrap_or((rest, ""));
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}
