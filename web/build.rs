//! What the set-up has fetched since the last build is embedded by this one: a macro alone would not see new files.

fn main() {
    println!("cargo:rerun-if-changed=static");
    println!("cargo:rerun-if-changed=fetched");
}
