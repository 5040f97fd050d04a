#!/usr/bin/env bash
# Makes this machine able to build harvestd: looks first, installs only what is missing, says what and why.
# Where everything is there it takes a moment and says nothing.
#
# Needed: Rust 1.90 with rustfmt and clippy; make; a linker; clang, clang++ and libclang. RocksDB, which Oxigraph stands
# on, is C++ that we compile with clang++, and the bindings to it are made by libclang. On Debian and its children the
# last three are installed by apt-get; elsewhere this script names what is needed and stops.
set -euo pipefail

rust_min=90 # 1.90, as rust-version in Cargo.toml

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# A compiler without its headers is found by compiling, not by looking for its name.
compiles() { # compiler, language, header
  have "$1" && printf '#include <%s>\n' "$3" | "$1" -x "$2" -fsyntax-only - >/dev/null 2>&1
}

# libclang counts only with the headers of its own version: the library alone fails on stdbool.h after twenty minutes
# of compiling.
libclang_found() {
  local dir own=${LIBCLANG_PATH:-}
  [ ! -f "$own" ] || own=$(dirname "$own")
  for dir in "$own" /usr/lib/llvm-*/lib /usr/local/llvm*/lib /usr/local/lib /usr/lib64 /usr/lib /opt/homebrew/opt/llvm/lib; do
    [ -n "$dir" ] || continue
    compgen -G "$dir/libclang*.so*" >/dev/null || compgen -G "$dir/libclang*.dylib" >/dev/null || continue
    compgen -G "$dir/clang/*/include/stdbool.h" >/dev/null && return
    compgen -G "/usr/lib/clang/*/include/stdbool.h" >/dev/null && return
  done
  return 1
}

rust_found() {
  local version minor
  have cargo || die "Rust is missing: install it with rustup (https://rustup.rs), then try again"
  version=$(rustc --version | cut -d' ' -f2)
  minor=$(cut -d. -f2 <<<"$version")
  [ "$minor" -ge "$rust_min" ] || die "found Rust $version, expected 1.$rust_min or newer: rustup update stable"
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    have rustup || die "rustfmt or clippy is missing: install the rustfmt and clippy of Rust $version"
    say "adding rustfmt and clippy to the toolchain (make test checks with them)"
    rustup component add rustfmt clippy
  fi
}

packages=() reasons=()
need() { packages+=("$1"); reasons+=("$1 ($2)"); }

missing() {
  have make || need make "jemalloc is built by it"
  have cc || need gcc "cargo links with cc"
  if ! compiles clang c stdbool.h || ! compiles clang++ c++ vector; then
    need clang "compiles RocksDB"
    need g++ "the C++ standard library for clang++"
  fi
  libclang_found || need libclang-dev "makes the bindings to RocksDB"
}

install() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || die "not root and no sudo; as root, run: apt-get update && apt-get install ${packages[*]}"
    as_root=(sudo)
  fi
  local list
  list=$(printf '%s, ' "${reasons[@]}")
  say "installing ${list%, }"
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}" >/dev/null
}

# The editor of the SPARQL page is of others' making: fetched where npm is there, in the version whose hash
# web/package-lock.json has, and compiled in by the next build. Without it the page has a plain field; nothing else does
# without anything.
editor() {
  local web build
  web=$(cd "$(dirname "${BASH_SOURCE[0]}")/../web" && pwd)
  have npm && ! cmp -s "$web/package-lock.json" "$web/fetched/package-lock.json" || return 0
  if ! (cd "$web" && npm ci --silent --fetch-retries=1 --fetch-timeout=20000) >/dev/null 2>&1; then
    say "the editor of the SPARQL page cannot be fetched now; the page has a plain field instead"
    return 0
  fi
  build="$web/node_modules/@zazuko/yasqe/build"
  mkdir -p "$web/fetched"
  cp "$build/yasqe.min.js" "$build/yasqe.min.css" "$web/package-lock.json" "$web/fetched/"
}

rust_found
missing
if [ "${#packages[@]}" -gt 0 ]; then
  have apt-get || die "missing: ${reasons[*]}. No apt-get here: install them with this system's own tools (names as in Debian)"
  install
  packages=() reasons=()
  missing
  [ "${#packages[@]}" -eq 0 ] || die "still missing after the installation: ${reasons[*]}"
  say "ready"
fi
editor
