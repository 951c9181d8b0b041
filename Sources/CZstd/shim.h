#pragma once
// What a compressor will take of memory is told by this part of the interface alone.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
