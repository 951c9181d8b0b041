#!/usr/bin/env bash
# `forge optimize` beside the bare compressors and the tools that do a part of it, in one run of about six minutes.
#   Benchmarks/optimize.sh [FORGE [ARCHIVE]]
# Without ARCHIVE, an image of 0.6 GB is made from the files of this machine. Then one of 4 GB is rewritten.
# RUNS is how often each command is timed, in turn with its peer (2); SKIP_LARGE leaves the large image out;
# LEVELS are the compressors: "zstd:3 zstd:9 zstd-frames:3 gzip:6 gzip:9".
set -euo pipefail
house=$(dirname "$(realpath "$0")")/..
archive=
forge=$(realpath -e "${1:-$house/.build/release/forge}")
[ $# -lt 2 ] || archive=$(realpath -e "$2")
cd "$house"

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/forge-optimize-XXXXXX")
container=
image=
cleanup() {
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  [ -z "$image" ] || buildah rmi "$image" >/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT
if [ -z "$archive" ]; then
  python3 Benchmarks/make-image.py "$folder/image" --size 450000000 --layers 6 --plain
  archive=$folder/image/plain.tar
fi
transport=oci-archive
if tar -tf "$archive" | grep -x '\(\./\)\?manifest\.json' >/dev/null; then transport=docker-archive; fi

# The bytes of the layers, one after the other: what a bare compressor gets.
skopeo copy --quiet --insecure-policy --dest-decompress "$transport:$archive" "dir:$folder/plain"
find "$folder/plain" -type f -size +1k -print0 | xargs -0 cat > "$folder/layers"
rm -rf "$folder/plain"
before=$(buildah images --quiet --no-trunc)
container=$(buildah from --pull-never "$transport:$archive" 2>/dev/null || buildah from "$transport:$archive")
image=$(buildah inspect --format '{{.FromImageID}}' "$container")
# An image that was there before stays.
case $before in *"$image"*) image= ;; esac
large=
if [ -z "${SKIP_LARGE:-}" ]; then
  large=$folder/large
  python3 Benchmarks/make-image.py "$large" --size 3200000000 --layers 10 --plain
fi

python3 - "$forge" "$folder" "$archive" "$transport" "$container" "$large" <<'PYTHON'
import os, statistics, subprocess, sys, time

forge, folder, archive, transport, container, large = sys.argv[1:]
runs = int(os.environ.get("RUNS", "2"))
levels = os.environ.get("LEVELS", "zstd:3 zstd:9 zstd-frames:3 gzip:6 gzip:9").split()
out, layers = f"{folder}/out", f"{folder}/layers"


def measure(command):
    """Wall and CPU seconds, and the most memory of any process, in MB."""
    for name in (out, f"{folder}/peer.tar"):
        if os.path.exists(name):
            os.unlink(name)
    start = time.perf_counter()
    child = subprocess.Popen(["sh", "-c", command if ";" in command else f"exec {command}"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if child.returncode:
        sys.exit(f"failed: {command}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def row(label, results, beside=None):
    wall, cpu, memory = (statistics.median(r[i] for r in results) for i in range(3))
    ratio = ""
    if beside:
        ratio = (f"{wall / statistics.median(r[0] for r in beside):.2f} wall, "
                 f"{cpu / statistics.median(r[1] for r in beside):.2f} CPU")
    print(f"| {label} | {wall:.2f} s | {cpu:.2f} s | {cpu / wall:.2f} | {memory:.0f} MB | {ratio} |", flush=True)


def compare(peer, peer_command, *ours):
    """Rows of a peer and of each (label, command) of forge, timed in turn."""
    turns = [[measure(command) for command in [peer_command, *(command for _, command in ours)]] for _ in range(runs)]
    first, *others = zip(*turns)
    row(peer, first)
    for (label, _), results in zip(ours, others):
        row(label, results, first)


def optimize(*options, image=archive, to="oci-archive"):
    return f"{forge} optimize {image} {' '.join(options)} --to {to} -o {out}"


print(f"{os.path.getsize(layers)} bytes in layers, {runs} runs each in turn, load {os.getloadavg()[0]:.1f}\n")
print("| command | wall | CPU | CPU per wall | peak memory | beside the bare tool or peer above |\n|---|---|---|---|---|---|")
measure(f"cat {archive} {layers} >/dev/null;")
for choice in levels:
    kind, level = choice.split(":")
    bare = (f"zstd -q -f -{level} -T0 {layers} -o {out}" if kind == "zstd" else
            f"python3 Benchmarks/bare-compressor.py {choice} {layers} {out}")
    compare(f"bare {choice}, all cores", bare,
            (f"**forge optimize, {choice}**, layers compressed again", optimize("--no-waste", "--compress", choice)),
            (f"**forge optimize --squash, {choice}**", optimize("--squash", "--compress", choice)))
compare("skopeo copy, zstd level 3",
        "skopeo copy --quiet --insecure-policy --dest-compress-format zstd --dest-compress-level 3 "
        f"{transport}:{archive} oci-archive:{folder}/peer.tar",
        ("**forge optimize, zstd:3**", optimize("--no-waste", "--compress", "zstd:3")))
compare("buildah commit --squash",
        f"buildah commit --quiet --squash --disable-compression {container} oci-archive:{folder}/peer.tar",
        ("**forge optimize --squash**", optimize("--squash", "--compress", "none")))
compare("cp, sha256sum", f"cp {archive} {folder}/peer.tar; sha256sum {folder}/peer.tar;",
        ("**forge optimize, layers copied**", optimize("--no-waste")))
if large:
    plain = f"{large}/plain.tar"
    size = os.path.getsize(plain) / 1e9
    for what in ["--squash --compress zstd:3", "--no-waste --compress zstd:9"]:
        row(f"**forge optimize {what}**, {size:.1f} GB", [measure(optimize(what, image=plain))])
PYTHON
