use proptest::prelude::*;

use super::environment;
use crate::load_text;
use crate::yaml::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES};

fn refused(yaml: &str) -> String {
    load_text("c.yaml", yaml, &environment()).unwrap_err().to_string()
}

#[test]
fn nesting_is_bounded() {
    let error = refused(&format!("a: {}", "[".repeat(MAX_DEPTH + 1)));
    assert_eq!(error, format!("c.yaml:1:{}: nested deeper than {MAX_DEPTH} levels", MAX_DEPTH + 3));
    assert!(refused(&"[".repeat(200_000)).contains("recursion limit"));
    assert!(refused(&"- ".repeat(200_000)).contains("nested deeper"));
}

#[test]
fn files_are_bounded() {
    let error = refused(&"#".repeat(MAX_FILE_BYTES + 1));
    assert_eq!(error, format!("c.yaml:1:1: the file is larger than {MAX_FILE_BYTES} bytes"));
}

#[test]
fn aliases_cannot_multiply_without_end() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(refused(&bomb).contains(&format!("more than {MAX_NODES} values")));
}

#[test]
fn many_keys_are_read_in_time() {
    let text: String = (0..100_000).map(|number| format!("k{number}: 1\n")).collect();
    let loaded = load_text("c.yaml", &format!("x:\n{}", text.replace('k', " k")), &environment()).unwrap();
    assert_eq!(loaded.findings.len(), 1);
}

/// Words of YAML and of configs, put together at random.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "model_list",
        "litellm_params",
        "model_name",
        "model",
        "general_settings",
        "include",
        "fallbacks",
        "os.environ/X",
        ": ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "|\n ",
        ">-\n ",
        "? ",
        "!!int ",
        "!x ",
        "'",
        "\"",
        "\\x",
        "#",
        "---\n",
        "%YAML 1.1\n",
        "\t",
        "\u{feff}",
        "é",
        "12:30",
        "1e3",
        "0x",
        "~",
        "2025-02-30",
        ".inf",
        "999999999999999999999999999999999999999999",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        load_text("c.yaml", &text, &environment()).map(|_| ()).unwrap_or_default();
    }

    #[test]
    fn no_words_make_it_panic(text in soup()) {
        load_text("c.yaml", &text, &environment()).map(|_| ()).unwrap_or_default();
    }

    #[test]
    fn no_config_cut_short_makes_it_panic(at in 0_usize..6_000, put in "[ -~\n]{0,3}") {
        let whole = include_str!("../../fixtures/litellm.yaml");
        let (head, tail) = whole.split_at_checked(at.min(whole.len())).unwrap_or((whole, ""));
        load_text("c.yaml", &format!("{head}{put}{tail}"), &environment()).map(|_| ()).unwrap_or_default();
    }
}
