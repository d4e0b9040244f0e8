//! Lists the rows of `registry/` so that the crate carries them without a list kept by hand.

use std::fmt::Write as _;
use std::{env, fs, io, path::Path};

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=registry");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut rows: Vec<_> = fs::read_dir(Path::new(&root).join("registry"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    rows.sort();
    let mut code = String::from("&[\n");
    for path in rows {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(code, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    code.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("rows.rs"), code)
}
