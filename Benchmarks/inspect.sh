#!/usr/bin/env bash
# `forge inspect` of an archive beside `gzip -dc` of its layers, one after the other.
#   Benchmarks/inspect.sh ARCHIVE [FORGE]
# Layers that are not compressed are compressed first, into an OCI archive that both sides read.
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath "$1")
forge=${2:-.build/release/forge}
[ -x "$forge" ] || swift build -c release --product forge

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
transport=oci-archive
if tar -tf "$archive" | grep -x '\(\./\)\?manifest\.json' >/dev/null; then transport=docker-archive; fi
skopeo copy --quiet --insecure-policy "$transport:$archive" "oci:$folder/layout:benchmark"
tar -cf "$folder/image.tar" -C "$folder/layout" .

# The layers' blobs in order, each with the tool for its compression.
decompress=$(python3 - "$folder/layout" <<'PYTHON'
import json, sys
root = sys.argv[1]
blob = lambda d: f"{root}/blobs/" + d["digest"].replace(":", "/")
index = json.load(open(f"{root}/index.json"))
manifest = json.load(open(blob(index["manifests"][0])))
tools = {b"\x1f\x8b": "gzip -dc", b"\x28\xb5": "zstd -qdc"}
print("; ".join(f"{tools[open(blob(l), 'rb').read(2)]} {blob(l)}" for l in manifest["layers"]))
PYTHON
)
python3 Benchmarks/compare.py --runs 7 "forge inspect $(basename "$archive")" \
  "$forge inspect --format json $folder/image.tar" 'its layers decompressed' "$decompress"
