# run: the page on http://127.0.0.1:8080 · check: the loop between two edits · test: everything · dist: the static site ·
# bench: in comparison with onnxruntime-web and LiteRT.js
# Each sets up what is missing first. Tools and build output live outside of the checkout, in OCTLENS_CACHE.

export OCTLENS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/octlens
export CARGO_TARGET_DIR ?= $(OCTLENS_CACHE)/target
export PATH := $(OCTLENS_CACHE)/tools/bin:$(PATH)

# Panic messages name source files. Those of the page are built without the folders of this machine; `make remap` prints the
# flags, for other builds that are passed on. A folder with a blank in its name cannot be given this way.
remap = $(if $(word 2,$(1)),,--remap-path-prefix=$(1)=$(2))
REMAP = $(call remap,$(CURDIR),octlens) $(call remap,$(or $(CARGO_HOME),$(HOME)/.cargo),cargo) \
  $(call remap,$(or $(RUSTUP_HOME),$(HOME)/.rustup),rustup) $(call remap,$(CARGO_TARGET_DIR),target)
# Cargo adds these to the flags in .cargo/config.toml, whereas RUSTFLAGS would replace them.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS := $(strip $(CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS) $(REMAP))

PORT ?= 8080
TRUNK = trunk --skip-version-check --color never
TRAIN = $(CARGO_TARGET_DIR)/debug/train
WASM = --target wasm32-unknown-unknown --features web
NATIVE = --features train
BROWSER_TESTS = tests/browser
LAYERS = $(CARGO_TARGET_DIR)/wasm32-unknown-unknown/web/examples/layers.wasm
KERNELS = $(CARGO_TARGET_DIR)/kernels
TIDY = $(CARGO_TARGET_DIR)/tidy
# nextest, where it is installed, names each test and sums up; it does not run the examples of the docs.
CARGO_TEST = $(if $(shell cargo nextest --version 2>/dev/null),cargo nextest run,cargo test) $(NATIVE)
# Which files of browser tests, if not all: make test-browser TEST=page.test.mjs
TEST =

.PHONY: run check test dist bench setup-check setup setup-test setup-bench lint doc test-native test-mpi test-browser train kernels remap
.NOTPARALLEL:

run: setup
	@echo 'octlens: building; the page will be on http://127.0.0.1:$(PORT)'
	$(TRUNK) serve --port $(PORT)

# Needs no browser and no trunk. tests/tidy.rs reads text only, so rustc alone builds it in a second: cargo would build the
# crate and `train` first. Unit tests run on an unoptimized octlens: it builds in a third of the time.
check: setup-check lint
	CARGO_MANIFEST_DIR=. rustc --edition 2024 --test tests/tidy.rs -o $(TIDY)
	$(TIDY) --quiet
	CARGO_PROFILE_DEV_OPT_LEVEL=0 $(CARGO_TEST) --lib

# One build of everything native, with MPI where there is MPI: found out when a command runs, for setup-test may install it.
test: NATIVE = --features train$(shell .ci/setup has-mpi && printf ,mpi)
test: setup-test lint doc test-native dist test-browser
	@echo 'octlens: everything passed'

dist: export OCTLENS_OPTIMISE = yes
dist: setup
	$(TRUNK) build
	.ci/print-dist dist

bench: export OCTLENS_TRAIN = $(TRAIN)
bench: setup-bench train dist kernels
	tests/bench/prepare
	node tests/bench/bench.mjs
	node tests/bench/layers.mjs relaxed-simd=$(KERNELS)/relaxed-simd.wasm simd128=$(KERNELS)/simd128.wasm

setup-check:
	.ci/setup check

setup:
	.ci/setup build

setup-test:
	.ci/setup test

setup-bench:
	.ci/setup bench

lint:
	cargo fmt --check
	cargo clippy --all-targets $(NATIVE) -- -D warnings
	CLIPPY_CONF_DIR=clippy/wasm cargo clippy $(WASM) --features relaxed -- -D warnings

doc:
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps $(NATIVE)

test-native:
	$(CARGO_TEST) --tests
	cargo test --doc $(NATIVE)

# Training in several processes, by MPI too: a part of `test` where there is MPI.
test-mpi:
	.ci/setup mpi
	$(CARGO_TEST) --features mpi --test train_ranks

remap:
	@echo '$(strip $(REMAP))'

train:
	cargo build $(NATIVE) --bin train

# The kernels alone, as a module of each build.
kernels:
	mkdir -p $(KERNELS)
	cargo build $(WASM) --profile web --example layers
	cp $(LAYERS) $(KERNELS)/simd128.wasm
	cargo build $(WASM) --features relaxed --profile web --example layers
	cp $(LAYERS) $(KERNELS)/relaxed-simd.wasm

test-browser: train kernels
	cd $(BROWSER_TESTS) && OCTLENS_TRAIN='$(TRAIN)' OCTLENS_KERNELS='$(KERNELS)' node --test --test-concurrency=1 --test-timeout=600000 --test-reporter=spec $(TEST)
