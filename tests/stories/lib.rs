//! Stories of the whole house; see `main.rs`.
