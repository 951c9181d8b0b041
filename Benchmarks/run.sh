#!/usr/bin/env bash
# All benchmarks, one after the other. Builds the backend's image for them.
#   Benchmarks/run.sh [FORGE]
set -euo pipefail
cd "$(dirname "$0")/.."
forge=$(realpath "${1:-.build/release/forge}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

Benchmarks/startup.sh "$forge"
"$forge" build fixtures/todo-backend --output "$folder/todo-backend.tar" >/dev/null 2>&1
Benchmarks/inspect.sh "$folder/todo-backend.tar" "$forge"
