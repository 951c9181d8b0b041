#pragma once
#include <xxhash.h>

// XXH3-128 with the widest vectors that the processor has: xxhash.h alone takes those that every processor has.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

static inline XXH128_hash_t xxh128(const void *bytes, size_t count) { return XXH3_128bits(bytes, count); }

static inline XXH128_hash_t xxh128_with_secret(const void *bytes, size_t count, const void *secret, size_t size) {
  return XXH3_128bits_withSecret(bytes, count, secret, size);
}

static inline XXH_errorcode xxh128_update(XXH3_state_t *state, const void *bytes, size_t count) {
  return XXH3_128bits_update(state, bytes, count);
}
