# make demo    builds xlt and runs specs/demo.toml with a real model
# make test    checks formatting, lints, tests and documentation
# make install puts xlt and its libraries below PREFIX (default: ~/.local)
# make bench   measures the engine, and the speed of evaluation and of writing beside their limits
# make test-slurm tests runs on a Slurm of one node, which it starts; needs Slurm (Debian: slurm-wlm, munge)
# make fuzz    tries hostile input, a minute for each kind (XLT_FUZZ_SECONDS); needs a nightly Rust and cargo-fuzz
#
# One cargo profile and one feature set for everything: llama.cpp is compiled once.

CARGO := cargo
XLT   := target/release/xlt

PREFIX := $(HOME)/.local

.PHONY: demo test build install setup torture test-slurm bench fuzz

demo: build
	@$(XLT) run specs/demo.toml
	@$(XLT) results specs/demo.toml

build: setup
	@$(CARGO) build --release --locked

install: build
	@scripts/install.sh "$(XLT)" "$(PREFIX)"

setup:
	@scripts/setup.sh

test: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --release --locked --no-default-features -- -D warnings
	$(CARGO) test --release --locked --workspace
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --workspace --no-deps --quiet

# A hundred kills of real stages instead of the test's eight, all else in proportion, and a table at the end.
torture: setup
	@CARGO="$(CARGO)" scripts/torture.sh

test-slurm: setup
	@CARGO="$(CARGO)" scripts/test-slurm.sh

bench: build
	$(CARGO) bench --locked --bench engine
	$(CARGO) bench --locked --bench soak
	$(CARGO) bench --locked --bench analyze
	$(CARGO) bench --locked --bench evaluate
	$(CARGO) bench --locked --bench generate
	$(CARGO) bench --locked --bench finetune
	$(CARGO) bench --locked --bench facts
	$(CARGO) bench --locked --bench peft
	$(CARGO) bench --locked -p xlt-core --bench coverage -- --quick

fuzz:
	@scripts/fuzz.sh
