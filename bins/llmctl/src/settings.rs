//! Which gateway is asked, with which key, and how data is written: what was said, then the environment, then the
//! context, then what holds where nothing is said.

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use crate::arguments::{Format, Global};
use crate::context::{Context, Contexts};
use crate::environment::Environment;
use crate::failure::Failure;

/// Where a gateway listens unless told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:4000";

/// What holds for this run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) key: Option<SecretString>,
    pub(crate) format: Format,
}

impl Settings {
    /// A context that was named with `--context` counts as said. A context's key goes to its own address only.
    ///
    /// # Errors
    /// A context is named that is not kept, or the environment names no format.
    pub(crate) fn settle(said: &Global, env: &Environment, kept: &Contexts) -> Result<Self, Failure> {
        let name = said.context.as_ref().or(env.context.as_ref()).or(kept.current.as_ref());
        let context = name.map(|name| kept.find(name)).transpose()?;
        let named = context.filter(|_| said.context.is_some());
        let url_of = |context: &Context| context.url.clone();
        let url = said.url.clone().or_else(|| named.map(url_of)).or_else(|| env.url.clone());
        let url = url.or_else(|| context.map(url_of)).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let key_of = |context: &Context| {
            let key = context.key.as_ref().filter(|_| context.url == url);
            key.map(|key| SecretString::from(key.expose()))
        };
        let key = said.api_key.clone().or_else(|| named.and_then(key_of)).or_else(|| env.key.clone());
        Ok(Self {
            key: key.or_else(|| context.and_then(key_of)).filter(|key| !key.expose_secret().is_empty()),
            format: format(said, env, context)?,
            url,
        })
    }
}

/// How data is written.
///
/// # Errors
/// The environment names no format.
pub(crate) fn format(said: &Global, env: &Environment, context: Option<&Context>) -> Result<Format, Failure> {
    let read = |name: &String| {
        Format::from_str(name, true)
            .map_err(|_| Failure::usage(format!("LLMCTL_OUTPUT={name:?}: write table, json, yaml or csv")))
    };
    let kept = env.output.as_ref().map(read).transpose()?;
    Ok(said.output.or(kept).or_else(|| context.and_then(|context| context.output)).unwrap_or(Format::Table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_api::KeyText;

    fn kept() -> Contexts {
        let context = |url: &str, key: &str, output| Context {
            url: url.to_owned(),
            key: Some(KeyText::new(key)),
            output,
        };
        let contexts = [
            ("prod".to_owned(), context("http://prod", "sk-prod", Some(Format::Json))),
            ("dev".to_owned(), context("http://dev", "sk-dev", None)),
        ];
        Contexts { current: Some("prod".to_owned()), contexts: contexts.into() }
    }

    fn env(url: Option<&str>, key: Option<&str>, output: Option<&str>) -> Environment {
        Environment {
            url: url.map(str::to_owned),
            key: key.map(SecretString::from),
            output: output.map(str::to_owned),
            ..Environment::default()
        }
    }

    fn said(url: Option<&str>, key: Option<&str>, context: Option<&str>) -> Global {
        Global {
            url: url.map(str::to_owned),
            api_key: key.map(SecretString::from),
            context: context.map(str::to_owned),
            ..Global::default()
        }
    }

    fn check(said: Global, env: Environment, kept: &Contexts, expected: (&str, &str, Format)) {
        let settings = Settings::settle(&said, &env, kept).unwrap();
        let key = settings.key.as_ref().map(|key| key.expose_secret().to_owned()).unwrap_or_default();
        assert_eq!((settings.url.as_str(), key.as_str(), settings.format), expected, "{said:?} {env:?}");
        assert!(!format!("{settings:?}").contains("sk-"));
    }

    #[test]
    fn what_was_said_goes_before_the_environment_the_context_and_the_default() {
        let none = || env(None, None, None);
        let kept = kept();
        let nothing = Contexts::default();
        check(said(None, None, None), none(), &nothing, (DEFAULT_URL, "", Format::Table));
        check(said(None, None, None), none(), &kept, ("http://prod", "sk-prod", Format::Json));
        check(
            said(None, None, None),
            env(Some("http://env"), Some("sk-env"), Some("csv")),
            &kept,
            ("http://env", "sk-env", Format::Csv),
        );
        check(
            said(Some("http://said"), Some("sk-said"), None),
            env(Some("http://env"), Some("sk-env"), None),
            &kept,
            ("http://said", "sk-said", Format::Json),
        );
        check(
            said(None, None, Some("dev")),
            env(Some("http://env"), Some("sk-env"), None),
            &kept,
            ("http://dev", "sk-dev", Format::Table),
        );
        check(
            said(None, None, None),
            env(None, Some("sk-env"), None),
            &kept,
            ("http://prod", "sk-env", Format::Json),
        );
    }

    #[test]
    fn a_contexts_key_goes_to_its_own_address_only() {
        let kept = kept();
        check(
            said(Some("http://other"), None, None),
            env(None, None, None),
            &kept,
            ("http://other", "", Format::Json),
        );
        check(
            said(None, None, None),
            env(Some("http://other"), None, None),
            &kept,
            ("http://other", "", Format::Json),
        );
        check(
            said(Some("http://other"), None, Some("dev")),
            env(None, None, None),
            &kept,
            ("http://other", "", Format::Table),
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |said: Global, env: Environment| Settings::settle(&said, &env, &kept()).unwrap_err();
        let unknown = refused(said(None, None, Some("none")), env(None, None, None));
        assert!(unknown.code == 3 && unknown.message.contains("dev, prod"), "{unknown:?}");
        assert_eq!(refused(said(None, None, None), env(None, None, Some("xml"))).code, 2);
    }
}
