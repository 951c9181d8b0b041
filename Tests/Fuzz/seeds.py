#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets: seeds.py FOLDER."""
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile


def tar(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        def add(name: str, kind: bytes = tarfile.REGTYPE, body: bytes = b"", link: str = "", **more) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(body)
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(body))

        add("etc", tarfile.DIRTYPE)
        add("etc/passwd", body=b"root:x:0:0::/:/bin/sh\n", mtime=1.5 if form == tarfile.PAX_FORMAT else 1)
        add("long/" + "n" * 120 if form != tarfile.USTAR_FORMAT else "n" * 60, body=b"x" * 600)
        add("link", tarfile.SYMTYPE, link="etc")
        add("hard", tarfile.LNKTYPE, link="etc/passwd")
        add("link/new", body=b"1")
        add(".wh.etc")
        add("d/.wh..wh..opq")
    return out.getvalue()


def main() -> None:
    digest = "sha256:" + "a" * 64
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2}
    documents = [
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": descriptor,
         "layers": [dict(descriptor, mediaType="application/vnd.oci.image.layer.v1.tar+gzip")]},
        {"schemaVersion": 2, "manifests": [dict(
            descriptor, mediaType="application/vnd.oci.image.manifest.v1+json", annotations={"a": "b"},
            platform={"os": "linux", "architecture": "arm64", "variant": "v8"})]},
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest]},
         "config": {"User": "1000", "Env": ["A=b"], "Cmd": ["a"], "ExposedPorts": {"80/tcp": {}},
                    "Healthcheck": {"Test": ["CMD", "true"]}, "Labels": {"a": "b"}},
         "history": [{"created_by": "RUN", "empty_layer": True}]},
    ]
    tars = [tar(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    texts = [json.dumps(document).encode() for document in documents]
    zstd = [subprocess.run(["zstd", "-qc"], input=t, capture_output=True, check=True).stdout for t in tars]
    seeds = {
        "tar": tars, "archive": tars, "json": texts + [b'{"a":[1e9,-0.5,"\\ud83d\\ude00",null]}'], "manifest": texts,
        # The targets put the magic numbers in front.
        "gzip": [gzip.compress(t)[2:] + gzip.compress(b"member") for t in tars], "zstd": [z[4:] + z for z in zstd],
    }
    for target, items in seeds.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for number, item in enumerate(items):
            with open(f"{folder}/seed{number}", "wb") as file:
                file.write(item)


main()
