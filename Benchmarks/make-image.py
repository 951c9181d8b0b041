#!/usr/bin/env python3
"""Makes OCI archives of many layers out of the files of this machine, or of made-up ones.

    make-image.py FOLDER [--size BYTES] [--layers N] [--source FOLDER]... [--files N]

Writes FOLDER/plain.tar, and unless --plain is given FOLDER/gzip.tar and FOLDER/zstd.tar: the same layers in each
compression. With --files, the layers hold that many small files of made-up text instead.
"""
import argparse
import hashlib
import io
import json
import os
import random
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

MEDIA = "application/vnd.oci.image.layer.v1.tar"


def digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def real_layers(folder: str, sources: list[str], size: int, count: int) -> list[str]:
    """Files of the sources until `size` bytes are together, cut into layers of equal size."""
    paths, total = [], 0
    for source in sources:
        for top, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(top, name)
                if os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.R_OK):
                    paths.append(path)
                    total += os.path.getsize(path)
            if total >= size:
                break
        if total >= size:
            break
    random.Random(1).shuffle(paths)
    layers, share, at = [], total / count, 0
    for number in range(count):
        name = f"{folder}/layer{number}.tar"
        with tarfile.open(name, "w", format=tarfile.PAX_FORMAT) as tar:
            filled = 0
            while at < len(paths) and (filled < share or number == count - 1):
                info = tar.gettarinfo(paths[at])
                if info.isreg():
                    with open(paths[at], "rb") as file:
                        tar.addfile(info, file)
                    filled += info.size
                at += 1
        layers.append(name)
    return layers


def small_files(folder: str, files: int, size: int, count: int) -> list[str]:
    """Files of text from a vocabulary, so that they compress as source code does; some replace lower ones."""
    chance = random.Random(2)
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz_", k=chance.randint(2, 12))) for _ in range(4000)]
    text = b" ".join(chance.choices(words, k=1 << 18))
    each = max(1, size // files)
    layers = []
    for number in range(count):
        name = f"{folder}/layer{number}.tar"
        with tarfile.open(name, "w", format=tarfile.USTAR_FORMAT) as tar:
            for index in range(files // count):
                # One in twenty is the name of a file in the layer below.
                layer = number - 1 if number and index % 20 == 0 else number
                info = tarfile.TarInfo(f"app/part{layer}/module{index % 97}/deep/er/file{index}.py")
                start = chance.randrange(len(text))
                body = (text[start:] + text)[: each] if each <= len(text) else text * (each // len(text) + 1)
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
        layers.append(name)
    return layers


def compress(layer: str, form: str) -> str:
    out = f"{layer}.{form}"
    command = {"gzip": ["gzip", "-6nc", layer], "zstd": ["zstd", "-q3c", layer]}[form]
    with open(out, "wb") as file:
        subprocess.run(command, stdout=file, check=True)
    return out


def archive(folder: str, form: str, layers: list[str], diff_ids: list[str]) -> None:
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"User": "1000"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d in diff_ids]}}).encode()
    suffix = "" if form == "plain" else f"+{form}"

    def descriptor(media: str, hexadecimal: str, size: int) -> dict:
        return {"mediaType": media, "digest": f"sha256:{hexadecimal}", "size": size}

    names = [digest(layer) for layer in layers]
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", hashlib.sha256(config).hexdigest(), len(config)),
        "layers": [descriptor(MEDIA + suffix, n, os.path.getsize(p)) for n, p in zip(names, layers)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [dict(
        descriptor("application/vnd.oci.image.manifest.v1+json", hashlib.sha256(manifest).hexdigest(), len(manifest)),
        annotations={"org.opencontainers.image.ref.name": "benchmark"})]}).encode()
    with tarfile.open(f"{folder}/{form}.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        def add(name: str, body: bytes) -> None:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))

        for name, path in dict(zip(names, layers)).items():
            tar.add(path, f"blobs/sha256/{name}")
        for body in (config, manifest):
            add(f"blobs/sha256/{hashlib.sha256(body).hexdigest()}", body)
        add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add("index.json", index)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=1_200_000_000)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--source", action="append")
    parser.add_argument("--files", type=int)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    if options.files:
        layers = small_files(options.folder, options.files, options.size, options.layers)
    else:
        sources = options.source or ["/usr/lib", "/usr/share", "/usr/bin"]
        layers = real_layers(options.folder, sources, options.size, options.layers)
    diff_ids = [digest(layer) for layer in layers]
    archive(options.folder, "plain", layers, diff_ids)
    if not options.plain:
        for form in ("gzip", "zstd"):
            with ThreadPoolExecutor(2) as pool:
                packed = list(pool.map(lambda layer: compress(layer, form), layers))
            archive(options.folder, form, packed, diff_ids)
            for path in packed:
                os.unlink(path)
    for layer in set(layers):
        os.unlink(layer)


if __name__ == "__main__":
    main()
