#!/usr/bin/env bash
# `forge optimize` beside the tools that do a part of it, in one run, on a wasteful image made from ARCHIVE.
#   Benchmarks/optimize.sh ARCHIVE [FORGE]
# 1. all layers compressed with zstd: beside `skopeo copy --dest-compress-format zstd` and the zstd program itself
# 2. all layers made one: beside `buildah commit --squash`
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath "$1")
forge=$(realpath "${2:-.build/release/forge}")

folder=$(mktemp -d)
container=
cleanup() {
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT
transport=oci-archive
if tar -tf "$archive" | grep -x '\(\./\)\?manifest\.json' >/dev/null; then transport=docker-archive; fi

# The bare compressor over the same bytes: the limit.
skopeo copy --quiet --insecure-policy --dest-decompress "$transport:$archive" "dir:$folder/plain"
find "$folder/plain" -type f -size +1k -print0 | xargs -0 cat > "$folder/layers"

level=3
python3 Benchmarks/compare.py --runs 5 \
  "forge optimize --compress zstd:$level" \
  "$forge optimize $archive --no-waste --compress zstd:$level --to oci-archive -o $folder/forge.tar" \
  "zstd -$level -T0, layers alone" "zstd -q -f -$level -T0 $folder/layers -o $folder/layers.zst"
python3 Benchmarks/compare.py --runs 5 \
  "forge optimize --compress zstd:$level" \
  "$forge optimize $archive --no-waste --compress zstd:$level --to oci-archive -o $folder/forge.tar" \
  "skopeo copy, zstd" \
  "rm -f $folder/skopeo.tar; skopeo copy --quiet --insecure-policy --dest-compress-format zstd --dest-compress-level $level $transport:$archive oci-archive:$folder/skopeo.tar"

container=$(buildah from --pull-never "$transport:$archive" 2>/dev/null || buildah from "$transport:$archive")
python3 Benchmarks/compare.py --runs 5 \
  "forge optimize --squash" "$forge optimize $archive --squash --to oci-archive -o $folder/forge.tar" \
  "buildah commit --squash" \
  "rm -f $folder/buildah.tar; buildah commit --quiet --squash --disable-compression $container oci-archive:$folder/buildah.tar"
wc -c "$folder"/*.tar
