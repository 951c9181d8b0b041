#!/usr/bin/env bash
# `forge optimize` beside the tools that do a part of it, in one run.
#   Benchmarks/optimize.sh [FORGE [ARCHIVE]]
# Without ARCHIVE an image of 1 GB is made from the files of this machine.
# 1. all layers compressed with zstd: beside the zstd program alone, and `skopeo copy --dest-compress-format zstd`
# 2. all layers made one: beside `buildah commit --squash`
# 3. an image of 4 GB, rewritten: the most memory that forge held
# RUNS is how often each is timed (3); SKIP_LARGE leaves the third out.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=$(realpath "${1:-.build/release/forge}")
runs=${RUNS:-3}

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/forge-optimize-XXXXXX")
container=
cleanup() {
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT
if [ $# -ge 2 ]; then
  archive=$(realpath "$2")
else
  python3 Benchmarks/make-image.py "$folder/image" --size 1000000000 --layers 10 --plain >/dev/null
  archive=$folder/image/plain.tar
fi
transport=oci-archive
if tar -tf "$archive" | grep -x '\(\./\)\?manifest\.json' >/dev/null; then transport=docker-archive; fi

# The bare compressor over the same bytes: the limit.
skopeo copy --quiet --insecure-policy --dest-decompress "$transport:$archive" "dir:$folder/plain"
find "$folder/plain" -type f -size +1k -print0 | xargs -0 cat > "$folder/layers"
rm -rf "$folder/plain"
wc -c "$folder/layers"

for level in 3 9; do
  python3 Benchmarks/compare.py --runs "$runs" \
    "forge optimize zstd:$level" \
    "$forge optimize $archive --no-waste --compress zstd:$level --to oci-archive -o $folder/forge.tar" \
    "zstd -$level -T0, bytes alone" "zstd -q -f -$level -T0 $folder/layers -o $folder/layers.zst"
done
level=3
python3 Benchmarks/compare.py --runs "$runs" \
  "forge optimize zstd:$level" \
  "$forge optimize $archive --no-waste --compress zstd:$level --to oci-archive -o $folder/forge.tar" \
  "skopeo copy, zstd" \
  "rm -f $folder/skopeo.tar; skopeo copy --quiet --insecure-policy --dest-compress-format zstd --dest-compress-level $level $transport:$archive oci-archive:$folder/skopeo.tar"
wc -c "$folder"/forge.tar "$folder"/skopeo.tar

# Nothing changes: blobs are copied, and hashed on the way.
python3 Benchmarks/compare.py --runs "$runs" \
  "forge optimize, copied" "$forge optimize $archive --no-waste --to oci-archive -o $folder/forge.tar" \
  "cp and sha256sum" "cp $archive $folder/copy.tar; sha256sum $folder/copy.tar"
rm -f "$folder/copy.tar"

container=$(buildah from --pull-never "$transport:$archive" 2>/dev/null || buildah from "$transport:$archive")
python3 Benchmarks/compare.py --runs "$runs" \
  "forge optimize --squash" "$forge optimize $archive --squash --to oci-archive -o $folder/forge.tar" \
  "buildah commit --squash" \
  "rm -f $folder/buildah.tar; buildah commit --quiet --squash --disable-compression $container oci-archive:$folder/buildah.tar"
rm -f "$folder"/*.tar "$folder/layers"*

[ -z "${SKIP_LARGE:-}" ] || exit 0
rm -rf "$folder/image"
python3 Benchmarks/make-image.py "$folder/large" --size 4000000000 --layers 10 --plain >/dev/null
python3 - "$forge" "$folder" <<'PYTHON'
import os, resource, subprocess, sys, time
forge, folder = sys.argv[1:]
size = os.path.getsize(folder + "/large/plain.tar")
start = time.perf_counter()
subprocess.run([forge, "optimize", folder + "/large/plain.tar", "--squash", "--compress", "zstd:3", "-o", folder + "/out.tar"],
               stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(f"{size} bytes, --squash --compress zstd:3: {time.perf_counter() - start:.1f} s, at most {peak / 1e6:.0f} MB of memory")
PYTHON
