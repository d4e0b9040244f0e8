//! Names of groups in fallbacks and aliases.

use crate::fields::Fields;
use crate::finding::{Finding, Severity};
use crate::settings::ModelEntry;
use crate::yaml::{Node, Value};

/// Groups, each with those that it falls back to.
pub type Fallbacks = Vec<(String, Vec<String>)>;

/// A name that stands for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// The group.
    pub group: String,
    /// It is not listed.
    pub hidden: bool,
}

/// A group that is named somewhere.
pub(super) struct Mention {
    name: String,
    path: String,
    node: Node,
}

/// LiteLLM's form: a list of mappings, each with a group and its fallbacks.
pub(super) fn fallbacks(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    mentions: &mut Vec<Mention>,
) -> Fallbacks {
    const SHAPE: &str = "must be a list such as [{group: [other, third]}]; it has no effect";
    let Some(node) = fields.take(name) else { return Vec::new() };
    if !matches!(node.value, Value::List(_)) {
        fields.report(node, name, SHAPE, None);
        return Vec::new();
    }
    let mut fallbacks = Vec::new();
    for (index, item) in node.items().iter().enumerate() {
        let at = format!("{name}[{index}]");
        if !matches!(item.value, Value::Map(_)) {
            fields.report(item, &at, SHAPE, None);
            continue;
        }
        for (group, to) in item.entries() {
            let group_name = group.python_str();
            let at = format!("{at}.{group_name}");
            if group_name != "*" {
                mentions.push(Mention {
                    name: group_name.clone(),
                    path: fields.path(&at),
                    node: group.clone(),
                });
            }
            fallbacks.push((group_name, targets(fields, to, &at, mentions)));
        }
    }
    fallbacks
}

/// A list of groups.
pub(super) fn groups(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    mentions: &mut Vec<Mention>,
) -> Vec<String> {
    fields.take(name).map(|node| targets(fields, node, name, mentions)).unwrap_or_default()
}

fn targets(fields: &mut Fields<'_, '_>, node: &Node, at: &str, mentions: &mut Vec<Mention>) -> Vec<String> {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        // A target may bring parameters of its own; its name is what counts here.
        let named = item.get("model").unwrap_or(item);
        let Some(name) = named.text() else {
            fields.report(item, at, "must be a group's name, or a list of names; it has no effect", None);
            continue;
        };
        if matches!(item.value, Value::Map(ref entries) if entries.len() > 1) {
            fields.report(
                item,
                at,
                "only `model` of a fallback is supported yet; the rest has no effect",
                None,
            );
        }
        mentions.push(Mention { name: name.to_owned(), path: fields.path(at), node: named.clone() });
        names.push(name.to_owned());
    }
    names
}

/// `model_group_alias`: a name to a group, or to `{model, hidden}`.
pub(super) fn aliases(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    mentions: &mut Vec<Mention>,
) -> Vec<Alias> {
    let Some(node) = fields.take(name) else { return Vec::new() };
    if !matches!(node.value, Value::Map(_)) {
        fields.report(node, name, "must be a mapping of names to groups; it has no effect", None);
    }
    let mut aliases = Vec::new();
    for (key, to) in node.entries() {
        let (alias, named) = (key.python_str(), to.get("model").unwrap_or(to));
        let at = format!("{name}.{alias}");
        let Some(group) = named.text() else {
            fields.report(
                to,
                &at,
                "must be a group's name, or {model: name, hidden: true}; it has no effect",
                None,
            );
            continue;
        };
        mentions.push(Mention { name: group.to_owned(), path: fields.path(&at), node: named.clone() });
        let hidden = to.get("hidden").is_some_and(|hidden| hidden.value == Value::Bool(true));
        aliases.push(Alias { name: alias, group: group.to_owned(), hidden });
    }
    aliases
}

/// Groups that are named and that no deployment and no alias has.
pub(super) fn report_missing(
    mentions: &[Mention],
    models: &[ModelEntry],
    aliases: &[Alias],
    findings: &mut Vec<Finding>,
) {
    let serves = |name: &str| {
        models.iter().any(|model| fits(&model.model_name, name))
            || aliases.iter().any(|alias| alias.name == name)
    };
    for mention in mentions.iter().filter(|mention| !serves(&mention.name)) {
        let message = format!("no entry of model_list has the name `{}`", mention.name);
        let hint = Some("it is passed over until there is one".into());
        findings.push(Finding::at(Severity::Warning, &mention.node, mention.path.clone(), &message, hint));
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("gpt", "gpt", true),
            ("gpt", "gpt-4", false),
            ("*", "anything", true),
            ("openai/*", "openai/gpt", true),
            ("openai/*", "azure/gpt", false),
            ("*-mini", "gpt-mini", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
