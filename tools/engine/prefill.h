// Runs the model over the prompt with full causal attention and fills the cache.
#pragma once

#include "cache.h"
#include "model.h"
#include "threads.h"

// tokens: [cache->prefill]. The last layer ends with its keys and values: nobody reads the prompt's logits.
void prefill(const struct model* model, struct threads* threads, const uint16_t* tokens, struct cache* cache);

// Full attention of `rows` tokens from position `first` on over the cache, themselves included. projected: the rows of
// layer_project, whose first heads * head_dim columns are the queries; attended: [rows][heads * head_dim].
void causal_attention(struct threads* threads, const struct cache* cache, uint32_t layer, const float* projected,
                      size_t rows, size_t first, float* attended);
