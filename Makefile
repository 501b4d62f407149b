# Everything a developer runs; `make help` lists it. Each target first brings what is missing (Scripts/bootstrap).

SHELL := bash
SWIFT ?= swift
LIBTORCH_LIB := $(or $(LIBTORCH),$(CURDIR)/.deps/libtorch)/lib

# The prepared environment, and a search path in what is linked, so that the products run without it.
PREPARE := source Scripts/env &&
# A target that imports what it does not declare builds by luck alone.
STRICT := --explicit-target-dependency-import-check error
LINK := $(STRICT) -Xlinker -rpath -Xlinker "$(LIBTORCH_LIB)"
RELEASE := -c release
# Their tests wait for processes, and keep the threads meanwhile that others need to go on: they come by themselves.
COMMAND_TESTS := CLIPCommandLineTests

.DEFAULT_GOAL := build
CMAKE ?= cmake
.PHONY: help deps build test shim fuzz demo browser-test client-test parity documentation format lint clean distclean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1	\2/' | expand -t 14

deps: ## Fetch what is missing: system libraries, libtorch
	@Scripts/bootstrap

build: deps ## Build the command, optimized, as bin/clip
	$(PREPARE) $(SWIFT) build $(RELEASE) --product clip $(LINK)
	@mkdir -p bin && ln -sfn ../.build/release/clip bin/clip

test: ## Run all tests
	@Scripts/bootstrap tests
	$(PREPARE) $(SWIFT) test --parallel $(LINK) --skip $(COMMAND_TESTS)
	$(PREPARE) $(SWIFT) test --parallel $(LINK) --skip-build --filter $(COMMAND_TESTS)

shim: ## Build the door to libtorch alone with CMake, against LIBTORCH or .deps, and try it (Documentation/GPU.md)
	@test -n "$(LIBTORCH)" || Scripts/bootstrap
	$(CMAKE) -S Sources/CTorch -B .build/shim -DLIBTORCH="$(or $(LIBTORCH),$(CURDIR)/.deps/libtorch)"
	$(CMAKE) --build .build/shim --parallel $(shell getconf _NPROCESSORS_ONLN)
	.build/shim/ctorch_check

fuzz: deps ## Feed the readers random bytes for FUZZ_SECONDS (600) each (Fuzz/README.md)
	Fuzz/run

demo: build ## Classify, rank and search the pictures in the repository, with MODEL or the bundled one; writes demo.html
	@Scripts/demo $(if $(MODEL),--model "$(MODEL)")

browser-test: build ## Use the page of clip serve in a real browser (sets up Python and Debian's Chromium)
	Scripts/browser-test

client-test: build ## Ask clip serve with others' clients, and with what nobody should send (sets up its own Python)
	Scripts/client-test

parity: build ## Compare every family with its own project (sets up its own Python; needs some GB of memory and disk)
	Scripts/parity/run bin/clip

DOCUMENTED := CLIP CLIPTraining CLIPData CLIPText Imaging ModelHub Safetensors TorchArchive
documentation: deps ## Build the products' documentation, with warnings as errors, into .build/documentation
	$(PREPARE) CLIP_DOCUMENTATION=1 $(SWIFT) package --scratch-path .build/documentation-build \
		--allow-writing-to-directory .build/documentation generate-documentation $(addprefix --target ,$(DOCUMENTED)) \
		--enable-experimental-combined-documentation --warnings-as-errors --output-path .build/documentation

format: ## Format all Swift files in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Examples Tests Fuzz/Package.swift Fuzz/Sources

lint: ## Check the format of all Swift files, the rules of the house, and the syntax of the scripts
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Examples Tests Fuzz/Package.swift Fuzz/Sources
	@for script in Scripts/bootstrap Scripts/env Scripts/demo Scripts/gpu-bundle Scripts/gpu-bundle-files/* Scripts/gpu-benchmark Scripts/kill-proof Scripts/kill-proof-index Scripts/browser-test Scripts/browser-tests/prepare Scripts/client-test Scripts/benchmarks/search Scripts/benchmarks/server Scripts/screenshots Scripts/train-pictures Scripts/compare-recipes Scripts/parity/run Scripts/parity/evaluation Scripts/parity/environment Documentation/examples/embed-slurm.sh .ci/run Fuzz/run; do bash -n $$script || exit 1; done
	Scripts/check-house
	Scripts/draw-architecture --check

clean: ## Remove what was built
	rm -rf .build Fuzz/.build bin demo.html

distclean: clean ## Remove what was fetched as well
	rm -rf .deps
