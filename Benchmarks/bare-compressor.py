#!/usr/bin/env python3
"""The limit of `forge optimize --compress`: libdeflate or libzstd on all cores, and nothing else.

    bare-compressor.py gzip:LEVEL|zstd-frames:LEVEL INPUT OUTPUT

Pieces of 4 MiB, compressed side by side and written in order. `zstd:LEVEL` is what `zstd -LEVEL -T0` does.
"""
import ctypes
import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import local

PIECE = 4 << 20
own = local()


def deflate(level: int):
    library = ctypes.CDLL("libdeflate.so.0")
    library.libdeflate_alloc_compressor.restype = ctypes.c_void_p
    library.libdeflate_gzip_compress.restype = ctypes.c_size_t

    def compress(piece: bytes) -> bytes:
        if not hasattr(own, "state"):
            own.state = ctypes.c_void_p(library.libdeflate_alloc_compressor(level))
            own.buffer = ctypes.create_string_buffer(PIECE + (1 << 16))
        size = library.libdeflate_gzip_compress(
            own.state, piece, ctypes.c_size_t(len(piece)), own.buffer, ctypes.c_size_t(len(own.buffer)))
        assert size
        return ctypes.string_at(own.buffer, size)

    return compress


def zstd(level: int):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_createCCtx.restype = ctypes.c_void_p
    library.ZSTD_compressCCtx.restype = ctypes.c_size_t

    def compress(piece: bytes) -> bytes:
        if not hasattr(own, "state"):
            own.state = ctypes.c_void_p(library.ZSTD_createCCtx())
            own.buffer = ctypes.create_string_buffer(PIECE + (1 << 16))
        size = library.ZSTD_compressCCtx(
            own.state, own.buffer, ctypes.c_size_t(len(own.buffer)), piece, ctypes.c_size_t(len(piece)),
            ctypes.c_int(level))
        assert size <= len(own.buffer)
        return ctypes.string_at(own.buffer, size)

    return compress


def main() -> None:
    kind, level = sys.argv[1].split(":")
    compress = {"gzip": deflate, "zstd-frames": zstd}[kind](int(level))
    cores = os.cpu_count() or 1
    with open(sys.argv[2], "rb") as source, open(sys.argv[3], "wb") as target, ThreadPoolExecutor(cores) as pool:
        running: deque = deque()
        while piece := source.read(PIECE):
            running.append(pool.submit(compress, piece))
            if len(running) == cores + 2:
                target.write(running.popleft().result())
        while running:
            target.write(running.popleft().result())


if __name__ == "__main__":
    main()
