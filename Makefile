# make test   everything that must hold, with real builds; installs what it needs
# make demo   the main job on the two fixtures: from source to checked images
SHELL := /bin/bash
export PATH := $(CURDIR)/.build-tools/bin:$(PATH)

FORGE := .build/release/forge
PREFIX ?= /usr/local

.PHONY: build test demo lint format bench bases setup install clean

build: setup
	swift build -c release --product forge

# Tests run on the release build: it is what users get, and images are read at full speed.
test: setup bases
	swift test -c release --no-parallel

demo: build bases
	scripts/demo $(FORGE)

lint: setup
	swift format lint --strict --recursive Package.swift Plugins Sources Tests
	shellcheck scripts/setup scripts/demo .ci/run fixtures/bases/ensure Benchmarks/*.sh

format:
	swift format --in-place --recursive Package.swift Plugins Sources Tests

bench: build
	Benchmarks/run.sh

# The base images that the recipes name: pulled, or made offline where no registry answers.
bases: setup
	fixtures/bases/ensure --all

setup:
	@scripts/setup

install: build
	install -D -m 755 $(FORGE) $(DESTDIR)$(PREFIX)/bin/forge

clean:
	rm -rf .build
