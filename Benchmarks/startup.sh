#!/usr/bin/env bash
# Start-up and analysis, whole processes, beside the start of the shell's own `true`.
#   Benchmarks/startup.sh [FORGE]
set -euo pipefail
cd "$(dirname "$0")/.."
forge=${1:-.build/release/forge}
python3 Benchmarks/compare.py --runs 21 'forge --version' "$forge --version" '/bin/true' '/bin/true'
for fixture in todo-frontend todo-backend; do
  python3 Benchmarks/compare.py --runs 21 "forge analyze $fixture" "$forge analyze fixtures/$fixture" '/bin/true' '/bin/true'
done
