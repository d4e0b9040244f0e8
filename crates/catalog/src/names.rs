//! The names under which a model may stand in the catalogue.

/// The rule by which a look-up found its model; see [`Catalog::find`](crate::Catalog::find).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Match {
    /// `provider/model` as asked.
    Exact,
    /// The model's name alone.
    Bare,
    /// Without a prefix or tail that says where or for whom it is served.
    Prefix,
    /// Without its date or `-latest`: a price of the same family.
    Undated,
    /// At a provider that sells the same models.
    Sibling,
}

/// Providers that LiteLLM knows by several names, and the one of its keys.
const SAME_PROVIDER: [(&str, &str); 7] = [
    ("amazon-nova", "amazon_nova"),
    ("azure_text", "azure"),
    ("bedrock_converse", "bedrock"),
    ("cohere_chat", "cohere"),
    ("fireworks_ai-embedding-models", "fireworks_ai"),
    ("text-completion-openai", "openai"),
    ("vertex_ai_beta", "vertex_ai"),
];

/// Providers whose models LiteLLM's map lists without a prefix, in the order in which a bare name is tried.
const BARE: [&str; 13] = [
    "openai",
    "anthropic",
    "ai21",
    "vertex_ai",
    "bedrock",
    "cohere",
    "gemini",
    "deepseek",
    "fireworks_ai",
    "jina_ai",
    "nlp_cloud",
    "together_ai",
    "volcengine",
];

/// Providers at which LiteLLM looks when the first has no price.
const SIBLINGS: [(&str, &[&str]); 1] = [("azure_ai", &["azure", "openai"])];

/// Prefixes of a model's name that say where it is found at the provider.
const PREFIXES: [(&str, &[&str]); 4] = [
    ("bedrock", &["converse/", "invoke/", "chat_completions/", "openai/", "mantle/", "nova/", "nova-2/"]),
    ("fireworks_ai", &["accounts/fireworks/models/"]),
    ("gemini", &["models/"]),
    ("vertex_ai", &["publishers/google/models/", "gemini/", "google/"]),
];

/// Geographies of Bedrock's inference profiles.
const GEOGRAPHIES: [&str; 10] =
    ["us-gov.", "global.", "apac.", "us.", "eu.", "jp.", "au.", "ca.", "sa.", "me."];

/// The provider's name in the catalogue's keys.
#[must_use]
pub fn canonical_provider(provider: &str) -> &str {
    let known = SAME_PROVIDER.iter().find(|(name, _)| *name == provider);
    // LiteLLM counts Vertex's models by kind: `vertex_ai-anthropic_models`, `vertex_ai-language-models`, …
    let vertex = if provider.starts_with("vertex_ai-") { "vertex_ai" } else { provider };
    known.map_or(vertex, |(_, canonical)| *canonical)
}

/// Keys to try, in order.
pub(crate) fn candidates<'a>(
    provider: &'a str,
    model: &'a str,
) -> impl Iterator<Item = (String, Match)> + 'a {
    let provider = canonical_provider(provider);
    let siblings = SIBLINGS.iter().find(|(name, _)| *name == provider).map_or(&[][..], |(_, others)| others);
    let at_siblings = siblings
        .iter()
        .flat_map(move |sibling| at_provider(sibling, model).map(|(key, _)| (key, Match::Sibling)));
    let without_provider = provider.is_empty().then(|| {
        whole_key(model).chain(BARE.iter().flat_map(move |home| {
            at_provider(home, model)
                .map(|(key, rule)| (key, if rule == Match::Exact { Match::Bare } else { rule }))
        }))
    });
    let with_provider = (!provider.is_empty()).then(|| at_provider(provider, model).chain(at_siblings));
    without_provider.into_iter().flatten().chain(with_provider.into_iter().flatten())
}

/// A name that begins with its own provider.
fn whole_key(model: &str) -> impl Iterator<Item = (String, Match)> + '_ {
    model.split_once('/').into_iter().flat_map(|(provider, rest)| {
        at_provider(canonical_provider(provider), rest)
            .map(|(key, rule)| (key, if rule == Match::Exact { Match::Bare } else { rule }))
    })
}

/// Keys of one provider: the name itself, without a repeated provider, without prefixes, and each undated.
fn at_provider<'a>(provider: &'a str, model: &'a str) -> impl Iterator<Item = (String, Match)> + 'a {
    let own = model
        .split_once('/')
        .filter(|(first, _)| canonical_provider(first) == provider)
        .map(|(_, rest)| rest);
    let base = own.unwrap_or(model);
    let mut names = vec![(model, Match::Exact)];
    names.extend(own.map(|rest| (rest, Match::Bare)));
    let mut bare = base;
    while let Some(shorter) = without_prefix(provider, bare) {
        names.push((shorter, Match::Prefix));
        bare = shorter;
    }
    names.extend(without_owner(bare).map(|trained| (trained, Match::Prefix)));
    let undated: Vec<_> =
        names.iter().filter_map(|(name, _)| Some((undated(name)?, Match::Undated))).collect();
    names.extend(undated);
    names.into_iter().map(move |(name, rule)| (format!("{provider}/{name}"), rule))
}

fn without_prefix<'a>(provider: &str, model: &'a str) -> Option<&'a str> {
    let prefixes =
        PREFIXES.iter().find(|(name, _)| *name == provider).map_or(&[][..], |(_, prefixes)| prefixes);
    let stripped = prefixes.iter().find_map(|prefix| model.strip_prefix(prefix));
    if stripped.is_some() || provider != "bedrock" {
        return stripped;
    }
    if let Some((region, rest)) = model.split_once('/') {
        return is_aws_region(region).then_some(rest);
    }
    GEOGRAPHIES.iter().find_map(|geography| model.strip_prefix(geography))
}

/// `us-east-1`, `ap-southeast-2`, `us-gov-west-1`.
fn is_aws_region(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let [first, middle @ .., number] = parts.as_slice() else { return false };
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    first.len() == 2
        && is_word(first)
        && (1..=2).contains(&middle.len())
        && middle.iter().all(is_word)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `ft:gpt-4o-2024-08-06:org:suffix:id` is priced as `ft:gpt-4o-2024-08-06`.
fn without_owner(model: &str) -> Option<&str> {
    let base = model.strip_prefix("ft:")?.split(':').next()?;
    model.get(..base.len() + "ft:".len()).filter(|trained| trained.len() < model.len())
}

/// A model's name without `-YYYY-MM-DD`, `-YYYYMMDD`, `@YYYYMMDD`, `@default`, `@latest` or `-latest`; none
/// where it has none of these.
#[must_use]
pub fn undated(model: &str) -> Option<&str> {
    let latest = ["-latest", "@default", "@latest"].iter().find_map(|end| model.strip_suffix(end));
    if latest.is_some() {
        return latest;
    }
    let starts = [("-", "dddd-dd-dd"), ("-", "dddddddd"), ("@", "dddddddd"), ("@", "dddd-dd-dd")];
    starts.iter().find_map(|(sign, shape)| {
        let start = model.len().checked_sub(shape.len() + sign.len())?;
        let (name, date) = (model.get(..start)?, model.get(start..)?.strip_prefix(sign)?);
        let fits =
            |(byte, wanted): (u8, u8)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted };
        // Nothing before this century was a model's date.
        (date.starts_with("20") && date.bytes().zip(shape.bytes()).all(fits) && !name.is_empty())
            .then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(provider: &str, model: &str) -> Vec<(String, Match)> {
        candidates(provider, model).collect()
    }

    fn check(provider: &str, model: &str, expected: &[(&str, Match)]) {
        let expected: Vec<_> = expected.iter().map(|(key, rule)| ((*key).to_owned(), *rule)).collect();
        assert_eq!(keys(provider, model), expected, "{provider} {model}");
    }

    #[test]
    fn names_are_tried_from_the_nearest_to_the_farthest() {
        use Match::{Bare, Exact, Prefix, Sibling, Undated};
        check("openai", "gpt-4o", &[("openai/gpt-4o", Exact)]);
        check("groq", "a:free", &[("groq/a:free", Exact)]);
        check(
            "openai",
            "gpt-4o-2024-08-06",
            &[("openai/gpt-4o-2024-08-06", Exact), ("openai/gpt-4o", Undated)],
        );
        check("openai", "openai/o3", &[("openai/openai/o3", Exact), ("openai/o3", Bare)]);
        check(
            "anthropic",
            "claude-x-20250929",
            &[("anthropic/claude-x-20250929", Exact), ("anthropic/claude-x", Undated)],
        );
        check(
            "vertex_ai-anthropic_models",
            "c@20250929",
            &[("vertex_ai/c@20250929", Exact), ("vertex_ai/c", Undated)],
        );
        check("mistral", "m-latest", &[("mistral/m-latest", Exact), ("mistral/m", Undated)]);
        check("mistral", "m-12345678", &[("mistral/m-12345678", Exact)]);
        check(
            "bedrock_converse",
            "us.a.b-v1:0",
            &[("bedrock/us.a.b-v1:0", Exact), ("bedrock/a.b-v1:0", Prefix)],
        );
        check(
            "bedrock",
            "converse/eu-west-1/eu.a",
            &[
                ("bedrock/converse/eu-west-1/eu.a", Exact),
                ("bedrock/eu-west-1/eu.a", Prefix),
                ("bedrock/eu.a", Prefix),
                ("bedrock/a", Prefix),
            ],
        );
        check(
            "fireworks_ai",
            "accounts/fireworks/models/x",
            &[("fireworks_ai/accounts/fireworks/models/x", Exact), ("fireworks_ai/x", Prefix)],
        );
        check(
            "openai",
            "ft:gpt-4o-2024-08-06:org::id",
            &[
                ("openai/ft:gpt-4o-2024-08-06:org::id", Exact),
                ("openai/ft:gpt-4o-2024-08-06", Prefix),
                ("openai/ft:gpt-4o", Undated),
            ],
        );
        check("azure_ai", "m", &[("azure_ai/m", Exact), ("azure/m", Sibling), ("openai/m", Sibling)]);
    }

    #[test]
    fn without_a_provider_the_name_says_it_or_the_usual_ones_are_tried() {
        let found = keys("", "groq/m-latest");
        assert_eq!(found.first(), Some(&("groq/m-latest".to_owned(), Match::Bare)));
        assert_eq!(found.get(1), Some(&("groq/m".to_owned(), Match::Undated)));
        let bare = keys("", "m");
        assert_eq!(bare.first(), Some(&("openai/m".to_owned(), Match::Bare)));
        assert_eq!(bare.len(), BARE.len());
    }

    #[test]
    fn regions_have_the_shape_that_aws_gives_them() {
        for region in ["us-east-1", "ap-southeast-2", "us-gov-west-1"] {
            assert!(is_aws_region(region), "{region}");
        }
        for other in ["meta", "us-east", "1-month-commitment", "qwen3-1", "us-east-12"] {
            assert!(!is_aws_region(other), "{other}");
        }
    }
}
