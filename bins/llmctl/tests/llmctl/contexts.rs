//! Contexts are kept in a file that only its owner reads, and their keys are never shown.

use std::os::unix::fs::PermissionsExt;

use crate::fake::{Folder, gateway, llmctl};

struct Home(Folder);

impl Home {
    fn says(&self, arguments: &[&str], stdin: &str, code: i32) -> (String, String) {
        let ended = llmctl(&[("HOME", self.0.0.to_str().unwrap())], arguments, stdin);
        let (out, err) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        assert!(!out.contains("sk-") && !err.contains("sk-"), "{out}{err}");
        (out, err)
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.0.join(".config/llmctl/config.toml")
    }
}

#[test]
fn a_context_is_kept_used_shown_and_forgotten() {
    let home = Home(Folder::new());
    home.says(&["context", "current"], "", 3);
    home.says(&["context", "add", "dev", "--url", "http://dev:4000", "--key-stdin"], "sk-of-dev\n", 0);
    let (_, err) = home.says(&["context", "add", "prod", "--url", "http://prod", "-o", "csv"], "", 0);
    assert!(err.contains("No key is kept"), "{err}");
    assert_eq!(home.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(home.says(&["context", "current"], "", 0).0, "dev\n");
    let list = "name,url,has_key,output,is_current\ndev,http://dev:4000,true,,true\nprod,http://prod,false,csv,false\n";
    assert_eq!(home.says(&["context", "list", "-o", "csv"], "", 0).0, list);
    home.says(&["context", "use", "prod"], "", 0);
    assert!(home.says(&["context", "show"], "", 0).0.starts_with("name    prod\n"));
    assert!(home.says(&["context", "show", "dev", "-o", "json"], "", 0).0.contains("\"has_key\": true"));
    home.says(&["context", "use", "none"], "", 3);
    home.says(&["context", "add", "dev"], "", 2);
    home.says(&["context", "add", "dev", "--url", "http://other", "--replace"], "", 0);
    home.says(&["context", "add", "bad", "--url", "house:1"], "", 2);
    home.says(&["context", "remove", "prod"], "", 0);
    home.says(&["context", "current"], "", 3);
    assert_eq!(std::fs::read_dir(home.file().parent().unwrap()).unwrap().count(), 1, "nothing lies about");
}

#[test]
fn the_context_in_use_says_whom_to_ask_with_which_key() {
    let home = Home(Folder::new());
    let (url, told) = gateway(vec![(200, r#"{"data":[{"id":"m"}]}"#.to_owned())]);
    home.says(&["context", "add", "it", "--url", &url, "--key-stdin", "-o", "csv"], "sk-of-it", 0);
    assert_eq!(home.says(&["model", "list"], "", 0).0, "id\nm\n");
    assert!(told.recv().unwrap().to_ascii_lowercase().contains("authorization: bearer sk-of-it\r\n"));
    home.says(&["model", "list", "--url", "http://127.0.0.1:1"], "", 4);
}

#[test]
fn a_file_that_others_read_is_told_of_and_a_broken_one_is_no_secret() {
    let home = Home(Folder::new());
    home.says(&["context", "add", "dev", "--key-stdin"], "sk-of-dev\n", 0);
    std::fs::set_permissions(home.file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, err) = home.says(&["context", "list"], "", 0);
    assert!(err.contains("chmod 600"), "{err}");
    home.says(&["context", "use", "dev"], "", 0);
    assert_eq!(home.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(home.file(), "[contexts.dev]\nurl = \"http://dev\"\nkey = \"sk-of-dev\" oops\n").unwrap();
    let (_, err) = home.says(&["context", "list"], "", 1);
    assert!(err.contains("line 3"), "{err}");
}
