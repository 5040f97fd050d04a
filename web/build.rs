//! What the set-up has fetched since the last build is embedded by this one: a macro alone would not see new files.

fn main() {
    // The crate, and not the folder `fetched` alone: where that is missing, every build would compile everything anew.
    println!("cargo:rerun-if-changed=.");
}
