# make unit   every test that needs neither a container engine nor a browser, in parallel
# make test   everything that must hold, with real builds; installs what it needs
# make test-all  the same, and every reader of images and texts under libFuzzer for some seconds
# make demo   the main job on the two fixtures: from source to checked images
SHELL := /bin/bash
export PATH := $(CURDIR)/.build-tools/bin:$(PATH)

FORGE := .build/release/forge
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 120

# fuzz: FUZZ_SECONDS of libFuzzer on every reader; findings stay in .build-fuzz/findings.
.PHONY: build unit test test-all demo lint format bench fuzz bases engines setup man install clean

# The standard library inside: the program starts faster, and runs where no Swift is.
build: setup
	swift build -c release --static-swift-stdlib --product forge

# Suites that start an engine, a browser or a program of one.
WITH_ENGINES := EndToEndTests|RealEngineTests|EngineShapeTests|BuildahTests|BrowserTests|ToolTests|LazyIndexTests|StreamTests|UmociTests|DatabaseTests|FaultTests

unit:
	swift build --build-tests
	swift test --skip-build --parallel --skip '$(WITH_ENGINES)'

test: setup bases engines
	swift build --build-tests
	swift test --skip-build --no-parallel

test-all: test
	scripts/fuzz 20

demo: build bases
	scripts/demo $(FORGE)

lint: setup
	swift format lint --strict --recursive Package.swift Plugins Sources Tests
	scripts/documented
	shellcheck -x $(shell grep -lE '^\#!.*\b(ba)?sh$$' scripts/* fixtures/bases/lib/*) .ci/run fixtures/bases/ensure fixtures/bases/lib/*.sh Benchmarks/*.sh

format:
	swift format --in-place --recursive Package.swift Plugins Sources Tests

bench: build
	Benchmarks/run.sh

fuzz: setup
	scripts/fuzz $(FUZZ_SECONDS)

# The base images that the recipes name: pulled, or made offline where no registry answers.
bases: setup
	fixtures/bases/ensure --all

# Docker, old and new, for the tests; where it cannot be fetched, they say so.
engines: setup
	-@scripts/docker-engine make bookworm forky

setup:
	@scripts/setup

# The manual page and the completions, from what the program says of its commands.
man: build
	mkdir -p .build/man
	scripts/man $(FORGE) > .build/man/forge.1
	for shell in bash zsh fish; do $(FORGE) --generate-completion-script $$shell > .build/man/forge.$$shell; done

install: man
	install -D -s -m 755 $(FORGE) $(DESTDIR)$(PREFIX)/bin/forge
	install -D -m 644 .build/man/forge.1 $(DESTDIR)$(PREFIX)/share/man/man1/forge.1
	install -D -m 644 .build/man/forge.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/forge
	install -D -m 644 .build/man/forge.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_forge
	install -D -m 644 .build/man/forge.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/forge.fish

clean:
	rm -rf .build
