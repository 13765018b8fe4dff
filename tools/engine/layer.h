// A decoder layer but for its attention: RMSNorm, projections, rotary positions, SwiGLU. Works on any number of rows
// (tokens): many in the prefill, one in a decode step.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "threads.h"

void embed(const struct model* model, const uint16_t* tokens, size_t rows, float* x);

// x [rows][width] -> projected [rows][qkv.outputs]: query heads, key heads, value heads, the first two rotated for
// positions first, first + 1, ...
void layer_project(const struct model* model, struct threads* threads, uint32_t layer, const float* x, size_t rows,
                   size_t first, float* projected);

// Adds the attention's output [rows][heads * head_dim], then the feed-forward part, to x.
void layer_finish(const struct model* model, struct threads* threads, uint32_t layer, const float* attended,
                  size_t rows, float* x);

// logits [vocab] of one row.
void logits_of(const struct model* model, struct threads* threads, const float* x, float* logits);
