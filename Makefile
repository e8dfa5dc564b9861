# Every command of the project. CI runs the same ones.

DENY_VERSION    := 0.20.2
FUZZ_VERSION    := 0.13.2
MUTANTS_VERSION := 27.1.0

TOOLS := target/tools/bin

# $(call install,NAME,VERSION) puts cargo-NAME into target/tools, unless that version is there.
install = @$(TOOLS)/cargo-$(1) $(1) --version 2>/dev/null | grep -qx "cargo-$(1) $(2)" \
	|| cargo install --locked --root target/tools cargo-$(1)@$(2)

.PHONY: help run clean-data check lint deps test doc deny fmt fmt-check states env-example mutants bench fuzz fuzz-api audit-runs mutate-constraints crash storm

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start a demonstration on port 8080, with a SQLite file in data/demo
	cargo run --locked --bin bayar-sandbox

clean-data: ## forget what happened in the demonstration
	rm -rf data/demo

check: lint test doc deny ## everything that must pass before a commit

deps: ## see that the programs the tests need are there (Postgres, Redis, curl, openssl, Node)
	scripts/deps

test: ## every test, with the examples in the documentation, beside a Postgres and a Redis of their own
	scripts/deps --quiet
	scripts/with-servers cargo test --workspace --all-features --locked --no-fail-fast

lint: fmt-check ## formatting, and clippy with warnings as errors
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

fmt: ## format the sources
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

fmt-check: ## say what is not formatted
	cargo fmt --all -- --check
	cargo fmt --manifest-path fuzz/Cargo.toml -- --check

doc: ## the documentation of the crates, with warnings as errors
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked

deny: ## licences, banned crates and sources of the dependencies (deny.toml)
	$(call install,deny,$(DENY_VERSION))
	$(TOOLS)/cargo-deny deny --locked --all-features check bans licenses sources

states: ## write docs/STATES.md anew from the code
	UPDATE_DOCS=1 cargo test -p bayar-domain --all-features --test states --locked

env-example: ## write .env.example anew from the table of settings
	UPDATE_DOCS=1 cargo test -p bayar --locked --lib env_example

bench: ## measure against bare handlers and pgbench, and write docs/PERFORMANCE.md (long; builds for release)
	scripts/deps --quiet
	cargo build --release --locked --bin bayar --bin bayar-bench --bin bayar-sandbox
	scripts/with-servers target/release/bayar-bench $(BENCH)

audit-runs: ## play 200 random histories and have each one audited: no false alarm (long)
	AUDIT_RUNS=200 cargo test --locked -p bayar-tests --all-features --test auditing -- --nocapture a_clean_run_raises_no_alarm

crash: ## stop the program at every point in every way, and write the table of it into docs/TESTING.md (long)
	scripts/deps --quiet
	CRASH_CELLS=all UPDATE_DOCS=1 scripts/with-servers cargo test --locked -p bayar-tests --all-features --test crash_matrix -- --nocapture whatever_stops

storm: ## 2,000 payments while machines die and everything else goes wrong (long; STORM=5000 and STORM_SEED=1 change it)
	scripts/deps --quiet
	STORM=$${STORM:-2000} scripts/with-servers cargo test --locked -p bayar-tests --all-features --test storm -- --nocapture whatever_goes_wrong

fuzz: ## throw rubbish at every parser of what strangers send, guided by coverage; each for FUZZ_SECONDS (600)
	$(call install,fuzz,$(FUZZ_VERSION))
	scripts/fuzz $(FUZZ)

fuzz-api: ## send a running server what its OpenAPI document allows and forbids (schemathesis, in a Python environment of its own)
	scripts/deps --quiet
	cargo build --locked --bin bayar --bin bayar-sandbox
	scripts/fuzz-api

mutants: ## change the domain crate in small ways and see whether a test notices (long)
	$(call install,mutants,$(MUTANTS_VERSION))
	PROPTEST_CASES=200 $(TOOLS)/cargo-mutants mutants --package bayar-domain --jobs 2

mutate-constraints: ## take out each index, trigger, check and condition behind a guarantee, and see which test misses it (long)
	scripts/deps --quiet
	scripts/with-servers cargo run --locked -p bayar-tests --bin bayar-guards -- $(GUARDS)
