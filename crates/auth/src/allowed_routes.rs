//! Routes that a key may ask, where it does not carry all that its role lets it.

use weighhouse_api::{ROUTES, Route, RouteGroup};
use weighhouse_types::{Error, Kind};

/// A key's `allowed_routes`. They narrow what its role lets it, and never widen it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedRoutes {
    groups: Vec<RouteGroup>,
    /// Paths: themselves, and what lies under them.
    paths: Vec<String>,
    /// Beginnings of paths: what stood before a `*`.
    beginnings: Vec<String>,
}

impl AllowedRoutes {
    /// Reads a list; none where it is empty and allows everything.
    #[must_use]
    pub fn new(entries: &[String]) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let mut allowed = Self::default();
        for entry in entries {
            if let Some(group) = RouteGroup::from_name(entry) {
                allowed.groups.push(group);
            } else if let Some(beginning) = entry.strip_suffix('*') {
                allowed.beginnings.push(beginning.to_owned());
            } else {
                allowed.paths.push(entry.clone());
            }
        }
        Some(allowed)
    }

    /// Whether a request is allowed, by its route and its path as it came.
    #[must_use]
    pub fn admits(&self, route: &Route, path: &str) -> bool {
        self.groups.iter().any(|group| group.covers(route.endpoint)) || self.admits_path(path)
    }

    fn admits_path(&self, path: &str) -> bool {
        self.paths.iter().any(|allowed| is_under(path, allowed))
            || self.beginnings.iter().any(|beginning| path.starts_with(beginning.as_str()))
    }

    /// The first entry of another list that reaches beyond this one.
    #[must_use]
    pub fn exceeded_by<'entry>(&self, entries: &'entry [String]) -> Option<&'entry String> {
        entries.iter().find(|entry| !self.holds(entry))
    }

    fn holds(&self, entry: &str) -> bool {
        if self.beginnings.iter().any(String::is_empty) {
            return true;
        }
        let other = Self::new(&[entry.to_owned()]).unwrap_or_default();
        if other.groups.iter().any(|group| self.groups.contains(group)) {
            return true;
        }
        // A wildcard grows with the house, so only another one holds it.
        if let Some(beginning) = other.beginnings.first() {
            return self.holds_beginning(beginning);
        }
        if other.paths.iter().any(|path| self.admits_path(path)) {
            return true;
        }
        // Route by route: all that the entry reaches, this list lets whole.
        let mut reached = ROUTES.iter().filter(|route| other.could_admit(route)).peekable();
        let is_known = reached.peek().is_some();
        is_known
            && reached.all(|route| {
                self.groups.iter().any(|group| group.covers(route.endpoint)) || self.admits_path(route.path)
            })
    }

    /// Whether whatever begins so is admitted.
    fn holds_beginning(&self, beginning: &str) -> bool {
        self.beginnings.iter().any(|own| beginning.starts_with(own.as_str()))
            || self
                .paths
                .iter()
                .any(|own| beginning.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether some request to a route is admitted.
    fn could_admit(&self, route: &Route) -> bool {
        let fixed = route.path.split('{').next().unwrap_or(route.path);
        let is_open = fixed.len() < route.path.len();
        self.admits(route, route.path) || self.paths.iter().any(|own| is_open && own.starts_with(fixed))
    }
}

/// Whether a path is another or lies under it.
fn is_under(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks a list that somebody sets.
///
/// # Errors
/// `InvalidRequest`: an entry that can never be met.
pub fn check_allowed_routes(entries: &[String]) -> Result<(), Error> {
    let is_known = |entry: &&String| {
        entry.starts_with('/') || entry.as_str() == "*" || RouteGroup::from_name(entry).is_some()
    };
    match entries.iter().find(|entry| !is_known(entry)) {
        None => Ok(()),
        Some(entry) => {
            let names: Vec<&str> = RouteGroup::ALL.iter().map(|group| group.name()).collect();
            let message = format!(
                "allowed_routes: {entry:?} is neither a path (\"/key/info\", \"/key/*\") nor a group of routes ({})",
                names.join(", ")
            );
            Err(Error::new(Kind::InvalidRequest, message).at("allowed_routes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use weighhouse_api::find;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn paths_wildcards_and_groups_admit_what_they_name() {
        let admits = |entries: &[&str], method: Method, path: &str| {
            let allowed = AllowedRoutes::new(&list(entries)).unwrap();
            allowed.admits(find(&method, path).unwrap().route, path)
        };
        for (entries, method, path, expected) in [
            (&["/chat/completions"][..], Method::POST, "/chat/completions", true),
            (&["/chat/completions"], Method::POST, "/v1/chat/completions", false),
            (&["/key"], Method::GET, "/key/info", true),
            (&["/key/*"], Method::GET, "/key/info", true),
            (&["/key/*"], Method::POST, "/v1/chat/completions", false),
            (&["/key/i*"], Method::GET, "/key/info", true),
            (&["/key/inf"], Method::GET, "/key/info", false),
            (&["*"], Method::GET, "/key/info", true),
            (&["llm_api_routes"], Method::POST, "/v1/messages", true),
            (&["llm_api_routes"], Method::POST, "/engines/a/b/embeddings", true),
            (&["llm_api_routes"], Method::GET, "/key/list", false),
            (&["info_routes", "/v1/messages"], Method::POST, "/v1/messages", true),
            (&["mcp_routes"], Method::GET, "/key/list", false),
        ] {
            assert_eq!(admits(entries, method, path), expected, "{entries:?} {path}");
        }
        assert_eq!(AllowedRoutes::new(&[]), None);
    }

    #[test]
    fn a_list_holds_what_reaches_no_further() {
        let holds = |own: &[&str], other: &str| {
            AllowedRoutes::new(&list(own)).unwrap().exceeded_by(&list(&[other])).is_none()
        };
        for (own, other, expected) in [
            (&["llm_api_routes"][..], "openai_routes", true),
            (&["openai_routes"], "llm_api_routes", false),
            (&["llm_api_routes"], "/v1/messages", true),
            (&["llm_api_routes"], "/v1/models/gpt-4o", true),
            (&["llm_api_routes"], "/v1/*", false),
            (&["llm_api_routes"], "/of/no/route", false),
            (&["*"], "mcp_routes", true),
            (&["/key/*"], "mcp_routes", false),
            (&["mcp_routes"], "mcp_routes", true),
            (&["llm_api_routes"], "/*", false),
            (&["llm_api_routes"], "*", false),
            (&["/key/*"], "/key/info", true),
            (&["/key/*"], "/key/*", true),
            (&["/key/*"], "/key*", false),
            (&["/key/info"], "/key/*", false),
            (&["/key/info"], "/key/info/", true),
            (&["/key"], "/key/*", true),
            (&["/key/*"], "/key", true),
            (&["*"], "management_routes", true),
            (&["/key/*", "/spend/*", "/team/*", "/v2/*", "/user/*"], "key_management_routes", true),
            (&["info_routes"], "key_management_routes", false),
        ] {
            assert_eq!(holds(own, other), expected, "{own:?} {other}");
        }
    }

    #[test]
    fn an_entry_that_can_never_be_met_is_refused() {
        check_allowed_routes(&list(&["/key/*", "*", "llm_api_routes"])).unwrap();
        let error = check_allowed_routes(&list(&["llm_routes"])).unwrap_err();
        assert!(error.message.contains("llm_routes") && error.message.contains("llm_api_routes"));
    }
}
