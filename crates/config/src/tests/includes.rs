use std::time::Duration;

use super::{environment, fixture};
use crate::{LoadError, load};

#[test]
fn lists_are_extended_and_everything_else_is_overridden_whole() {
    let loaded = load(&fixture("include/root.yaml"), &environment()).unwrap();
    let names: Vec<&str> = loaded.settings.models.iter().map(|model| model.model_name.as_str()).collect();
    assert_eq!(names, ["own", "included", "nested"]);
    assert_eq!(loaded.settings.litellm.request_timeout, Some(Duration::from_secs(30)));
    assert_eq!((loaded.settings.litellm.drop_params, loaded.settings.litellm.num_retries), (None, None));
    assert_eq!(loaded.settings.router.num_retries, Some(4));
    let files: Vec<String> =
        loaded.files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files, ["root.yaml", "models.yaml", "settings.yaml", "nested.yaml", "beside_the_root.yaml"]);
}

#[test]
fn findings_name_the_included_file() {
    let loaded = load(&fixture("include/root.yaml"), &environment()).unwrap();
    let finding = loaded.findings[0].to_string();
    let end = "include/models.yaml:3:47: warning: model_list[1].litellm_params.rmp: unknown key; it is sent to the provider; did you mean `rpm`?";
    assert!(finding.ends_with(end), "{finding}");
}

#[test]
fn files_that_are_not_there_are_named_with_the_line() {
    let error = load(&fixture("include/missing.yaml"), &environment()).unwrap_err();
    assert!(matches!(&error, LoadError::Included { place, .. } if place.line == 2), "{error}");
    let error = load(&fixture("include/no_list.yaml"), &environment()).unwrap_err().to_string();
    assert!(
        error.ends_with("no_list.yaml:1:10: `include` must be a list of files, such as [models.yaml]"),
        "{error}"
    );
    let error = load(&fixture("include/nowhere.yaml"), &environment()).unwrap_err();
    assert!(matches!(error, LoadError::File { .. }));
}
