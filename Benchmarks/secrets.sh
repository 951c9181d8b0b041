#!/usr/bin/env bash
# What the search for secrets costs: `forge check`, which searches and judges, beside `forge inspect`, which does neither.
#   Benchmarks/secrets.sh ARCHIVE [FORGE]
# Measured on the archive as it stands and with layers compressed by gzip. The cache is off on both sides.
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath "$1")
forge=${2:-.build/release/forge}
[ -x "$forge" ] || swift build -c release --product forge

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder/cache"
transport=oci-archive
if tar -tf "$archive" | grep -x '\(\./\)\?manifest\.json' >/dev/null; then transport=docker-archive; fi
skopeo copy --quiet --insecure-policy "$transport:$archive" "oci-archive:$folder/gzip.tar:benchmark"
for image in "$archive" "$folder/gzip.tar"; do
  # A new cache folder each time: nothing is remembered.
  python3 Benchmarks/compare.py --runs 7 "forge check $(basename "$image")" \
    "rm -rf $XDG_CACHE_HOME; $forge check --format json $image || true" 'forge inspect of the same' \
    "rm -rf $XDG_CACHE_HOME; $forge inspect --format json $image"
done
