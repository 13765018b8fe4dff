// What a prefill made, in a file: several runs over one prompt pay for it once.
#pragma once

#include <stdint.h>

#include "cache.h"
#include "model.h"

// The prompt a cache belongs to.
struct prompt {
  uint64_t model;  // hash of the file
  uint64_t text;   // hash of the prompt's tokens
  uint64_t offset;
};

// 1: filled from the file. 0: there is no such file. A file of another prompt, or that is not whole, is refused.
int prefill_file_read(const char* path, struct prompt prompt, struct cache* cache);

// Atomically: another name first.
void prefill_file_write(const char* path, struct prompt prompt, const struct cache* cache);
