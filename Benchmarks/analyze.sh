#!/bin/sh
# analyze.sh [FORGE]: times the analysis of one application and of a monorepo of 100,000 files, with a warm file cache.
set -eu
cd "$(dirname "$0")/.."
forge=${1:-.build/release/forge}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 Benchmarks/monorepo.py "$work/large" 100000
for folder in fixtures/todo-frontend fixtures/todo-backend "$work/large"; do
    for round in 1 2 3 4 5; do
        /usr/bin/time -f "%e s  %M kB" "$forge" analyze "$folder" --format json --output "$work/out.json" 2>"$work/time"
        [ "$round" = 1 ] || echo "$(basename "$folder"): $(tail -1 "$work/time")"
    done
done
