# The ways into harvestd. `make` alone lists them.
#
# run, test, bench and check share one build: the dev profile, the whole workspace, one feature set, no RUSTFLAGS.
# RocksDB is some 340 C++ files; it is compiled once.

# Asking for one test target switches on the features that the test dependencies ask of shared crates, so that
# `make test` after `make run` rebuilds no dependency.
BUILD  = cargo build --workspace --bins --test house
BINARY = $${CARGO_TARGET_DIR:-target}/debug/harvestd
ARGS  ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test bench torture fuzz check deny deb container clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the build needs, where it is missing (clang, libclang)
	@scripts/setup.sh

run: setup ## build, then start the demo: a daemon that harvests four sample catalogues (ARGS="--listen …")
	$(BUILD)
	@exec $(BINARY) demo $(ARGS)

test: setup ## formatting, lints, every test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --no-fail-fast
	@test -d ../shared || echo "test: NOTICE: ../shared is not here; the tests over real corpora and standards were SKIPPED"

bench: setup ## the benchmark table: ratios and peaks, each beside its goal (ARGS="--only first,unchanged")
	cargo bench --workspace --profile dev --bench harvestd -- $(ARGS)

torture: setup ## random operations and kill -9 against a model (TORTURE_MINUTES=10; TORTURE_SEED=n plays one again)
	cargo test --workspace --test torture -- --ignored --exact a_long_one --nocapture

fuzz: setup ## every parser of what comes from outside (FUZZ_SECONDS=10 each; FUZZ_SEED=n, FUZZ_ONLY=name)
	cargo test --workspace --test fuzz -- --ignored --exact a_long_one --nocapture

check: setup ## formatting, lints, and what deny.toml says of the dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@scripts/deny.sh

deny: ## licences, sources, bans and advisories of the dependencies (cargo-deny, built once where it is missing)
	@scripts/deny.sh

deb: setup ## a Debian package of the release profile, in target/package (BINARY=path packs that one)
	@scripts/deb.sh

container: ## an image, by podman or docker: config/Containerfile
	@if command -v podman >/dev/null; then podman build --format docker -f config/Containerfile -t harvestd .; \
	else docker build -f config/Containerfile -t harvestd .; fi

clean: ## remove the build (what a daemon harvested stays)
	cargo clean
