#!/usr/bin/env bash
# Cold inspections against the limit of this machine and against the peers, in one run; then many files, a large image
# and a bomb.
#   Benchmarks/limit.sh [FORGE [FORGE_LIMIT]]
# The limit (Benchmarks/limit) decompresses every layer with the fastest decoder here and hashes the same bytes, on all
# cores. CPU seconds stand beside the wall clock: on a machine with other work the latter tells who has more threads.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=${1:-.build/release/forge}
limit=${2:-.build/release/forge-limit}
[ -x "$limit" ] || swift build -c release --static-swift-stdlib --product forge-limit
export FORGE="$forge" LIMIT="$limit" RUNS=${RUNS:-3}

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/forge-limit-XXXXXX")
trap 'rm -rf "$folder"' EXIT
export FOLDER="$folder"

python3 Benchmarks/make-image.py "$folder/mixed"
python3 Benchmarks/make-image.py "$folder/few" --files 20000 --size 80000000 --layers 10 --plain
python3 Benchmarks/make-image.py "$folder/many" --files 200000 --size 800000000 --layers 100 --plain
python3 Benchmarks/make-image.py "$folder/large" --files 220000 --size 3300000000 --layers 40 --plain
# 10 GB of zeros in 10 MB of gzip, as the only layer.
python3 - "$folder" <<'PYTHON'
import hashlib, io, json, sys, tarfile, zlib
size, pack, body = 10_000_000_000, zlib.compressobj(9, zlib.DEFLATED, 31), bytearray()
info = tarfile.TarInfo("zeros"); info.size = size
header = info.tobuf(tarfile.GNU_FORMAT); hash = hashlib.sha256(header); body += pack.compress(header)
zeros = bytes(1 << 20)
left = size + (-size % 512) + 1024
while left:
    piece = zeros[: min(left, len(zeros))]
    hash.update(piece); body += pack.compress(piece); left -= len(piece)
body += pack.flush()
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                     "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hash.hexdigest()]}}).encode()
manifest = json.dumps([{"Config": "config.json", "RepoTags": ["bomb:1"], "Layers": ["layer.tar.gz"]}]).encode()
with tarfile.open(sys.argv[1] + "/bomb.tar", "w") as tar:
    for name, data in (("layer.tar.gz", bytes(body)), ("config.json", config), ("manifest.json", manifest)):
        info = tarfile.TarInfo(name); info.size = len(data); tar.addfile(info, io.BytesIO(data))
print(f"bomb: {size} bytes in {len(body)}")
PYTHON

python3 - <<'PYTHON'
import os, resource, statistics, subprocess, time
forge, limit, folder, runs = os.environ["FORGE"], os.environ["LIMIT"], os.environ["FOLDER"], int(os.environ["RUNS"])

def once(command):
    """Wall seconds, CPU seconds and peak memory in MB."""
    start = time.perf_counter()
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"( {command} ) >/dev/null 2>&1"], os.environ)
    _, status, usage = os.wait4(pid, 0)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, os.waitstatus_to_exitcode(status)

def row(label, samples, against=None):
    wall, cpu = (statistics.median(s[i] for s in samples) for i in (0, 1))
    peak = max(s[2] for s in samples)
    ratio = ""
    if against:
        ratio = " | %.2f x wall, %.2f x CPU" % tuple(
            statistics.median(a[i] / b[i] for a, b in zip(samples, against)) for i in (0, 1))
    if any(s[3] for s in samples):
        label += f" (failed, exit {max(s[3] for s in samples)})"
    print(f"| {label} | {wall:.2f} s | {cpu:.2f} s | {peak:.0f} MB{ratio} |", flush=True)

inspect = f"exec {forge} inspect --no-cache --format json " if "--no-cache" in subprocess.run(
    [forge, "inspect", "--help"], capture_output=True, text=True).stdout else f"exec {forge} inspect --format json "
for form in ("gzip", "zstd", "plain"):
    image = f"{folder}/mixed/{form}.tar"
    os.makedirs(f"{folder}/{form}-blobs", exist_ok=True)
    subprocess.run(["tar", "-xf", image, "-C", f"{folder}/{form}-blobs"], check=True)
    blobs = f"{folder}/{form}-blobs/blobs/sha256"
    unpack = {"gzip": "gzip -dc", "zstd": "zstd -qdc", "plain": "cat"}[form]
    python = ("import sys,tarfile,subprocess\nfor p in sys.argv[1:]:\n f=open(p,'rb') if '%s'=='cat' else "
              "subprocess.Popen('%s'.split()+[p],stdout=subprocess.PIPE).stdout\n for m in tarfile.open(fileobj=f,mode='r|'): pass"
              % (unpack, unpack))
    layers = [f"{blobs}/{n}" for n in os.listdir(blobs) if os.path.getsize(f"{blobs}/{n}") > 100_000]
    commands = {
        "limit": f"exec {limit} {image}",
        "forge inspect": inspect + image,
        "forge inspect - (a pipe)": f"cat {image} | " + inspect.replace("exec ", "") + "-",
        f"{unpack} to tar t": "; ".join(f"{unpack} {l} | tar -t" for l in layers),
        "python tarfile": f"exec python3 -c \"{python}\" " + " ".join(layers),
        "skopeo copy": f"rm -rf {folder}/copy; skopeo --insecure-policy copy -q oci-archive:{image} dir:{folder}/copy",
        "umoci unpack": f"rm -rf {folder}/bundle; umoci unpack --image {folder}/{form}-blobs:benchmark {folder}/bundle",
    }
    print(f"\n{form}: {os.path.getsize(image)} bytes\n\n| | wall | CPU | peak | against the limit |\n|---|---|---|---|---|")
    samples = {name: [] for name in commands}
    for turn in range(runs):
        for name, command in commands.items():
            if turn and name in ("skopeo copy", "umoci unpack"):
                continue
            samples[name].append(once(command))
    for name, taken in samples.items():
        row(name, taken, samples["limit"][:len(taken)] if name != "limit" else None)

print("\n| image | wall | CPU | peak |\n|---|---|---|---|")
speeds = []
for name, files in (("few", 20_000), ("many", 200_000), ("large", 220_000)):
    taken = [once(inspect + f"{folder}/{name}/plain.tar") for _ in range(runs)]
    row(f"{name}: {files} files, {os.path.getsize(f'{folder}/{name}/plain.tar')} bytes", taken)
    speeds.append(files / statistics.median(t[1] for t in taken))
print(f"\nentries per CPU second: few {speeds[0]:.0f}, many {speeds[1]:.0f} ({speeds[1] / speeds[0]:.2f} x)")
for budget in ("1GB", "100MB"):
    taken = once(inspect + f"--max-unpacked {budget} --max-layer {budget} {folder}/bomb.tar")
    print(f"bomb, budget {budget}: exit {taken[3]}, {taken[0]:.2f} s, {taken[2]:.0f} MB")
PYTHON
