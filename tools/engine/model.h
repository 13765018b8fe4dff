// A Llama-style decoder as the file holds it: int8 weights with one scale per output row, float norms.
#pragma once

#include <stdint.h>

#include "safetensors.h"

enum { most_heads = 256 };  // query heads of a layer

struct weight {
  const int8_t* rows;  // [outputs][inputs]; the weight is scales[output] times that
  const float* scales;
  uint32_t outputs;
  uint32_t inputs;
};

struct block {
  const float* attention_norm;
  struct weight qkv;  // query heads, key heads, value heads
  struct weight out;
  const float* ffn_norm;
  struct weight gate_up;  // gate rows, then up rows
  struct weight down;
};

struct model {
  uint32_t layers;
  uint32_t heads;  // a multiple of kv_heads
  uint32_t kv_heads;
  uint32_t head_dim;
  uint32_t width;
  uint32_t ffn;
  uint32_t vocab;
  double rope_theta;
  double norm_eps;
  uint64_t hash;        // of the file
  struct weight embed;  // of the input and of the output
  const float* norm;
  struct block* blocks;  // [layers]
  struct safetensors* file;
};

struct model* model_open(const char* path);
void model_close(struct model* model);
