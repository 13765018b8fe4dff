// Attention of decode steps, in one of two ways: full_attention.c reads all keys, rattan_attention.c asks Rattan.
#pragma once

#include <stdint.h>

#include "cache.h"
#include "options.h"
#include "threads.h"

// Sums over query heads and decode steps since the attention was made.
struct cost {
  double keys_visible;
  double keys_attended;  // whose exact score entered a query head's softmax
  double keys_read;      // distinct keys read in full for a KV head; the heads of its group share them
  double build_seconds;
};

struct attention {
  // Appends a token, whose keys and values [kv_heads][head_dim] are halves, and lets its queries [heads][head_dim]
  // attend over all tokens, itself included; attended: [heads][head_dim]. Position: tokens before it.
  void (*step)(struct attention* attention, uint32_t layer, size_t position, const float* queries, const uint16_t* keys,
               const uint16_t* values, float* attended);
  struct cost (*cost)(const struct attention* attention);
  char* (*report)(const struct attention* attention);  // what was built, for people, a line per KV head; or NULL. Freed
  void (*close)(struct attention* attention);
};

// Both begin with the cache that the prefill has filled.
struct attention* full_attention(struct threads* threads, struct cache* cache);
struct attention* rattan_attention(struct threads* threads, const struct cache* cache, const struct options* options);
