#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "program.h"

enum { name_size = 96 };

// Floats may lie anywhere in the file, so they are copied to where floats may stand.
static const float* floats(const struct model* model, const char* name, uint32_t count) {
  float* copy = allocate(count, sizeof *copy);
  memcpy(copy, safetensors_tensor(model->file, name, "F32", count, 0), count * sizeof *copy);
  return copy;
}

static struct weight weight(const struct model* model, const char* name, uint32_t outputs, uint32_t inputs) {
  char scale[name_size];
  snprintf(scale, sizeof scale, "%s.scale", name);
  return (struct weight){safetensors_tensor(model->file, name, "I8", outputs, inputs), floats(model, scale, outputs),
                         outputs, inputs};
}

static const char* in_layer(char* text, uint32_t layer, const char* name) {
  snprintf(text, name_size / 2, "layers.%u.%s", layer, name);
  return text;
}

static struct block block(const struct model* model, uint32_t layer) {
  char name[name_size / 2];
  const uint32_t attended = model->heads * model->head_dim;
  const uint32_t projected = (model->heads + 2 * model->kv_heads) * model->head_dim;
  struct block block;
  block.attention_norm = floats(model, in_layer(name, layer, "attn_norm"), model->width);
  block.qkv = weight(model, in_layer(name, layer, "wqkv"), projected, model->width);
  block.out = weight(model, in_layer(name, layer, "wo"), model->width, attended);
  block.ffn_norm = floats(model, in_layer(name, layer, "ffn_norm"), model->width);
  block.gate_up = weight(model, in_layer(name, layer, "gate_up"), 2 * model->ffn, model->width);
  block.down = weight(model, in_layer(name, layer, "down"), model->width, model->ffn);
  return block;
}

struct model* model_open(const char* path) {
  struct model* model = allocate(1, sizeof *model);
  struct safetensors* file = model->file = safetensors_open("--model", path);
  model->layers = safetensors_whole(file, "layers", 1, 256);
  model->kv_heads = safetensors_whole(file, "kv_heads", 1, most_heads);
  model->heads = safetensors_whole(file, "heads", model->kv_heads, most_heads);
  if (model->heads % model->kv_heads != 0 || model->heads / model->kv_heads > 8) {
    refuse("--model is \"%s\": heads is %u, a multiple of kv_heads, %u, is needed, at most 8 times it", path,
           model->heads, model->kv_heads);
  }
  model->head_dim = safetensors_whole(file, "head_dim", 2, most_head_dim);
  if (model->head_dim % 2 != 0)
    refuse("--model is \"%s\": head_dim is %u, an even number is needed", path, model->head_dim);
  model->width = safetensors_whole(file, "d_model", 1, 1 << 16);
  model->ffn = safetensors_whole(file, "ffn", 1, 1 << 18);
  model->vocab = safetensors_whole(file, "vocab", 2, 1 << 16);  // ids are two bytes
  model->rope_theta = safetensors_number(file, "rope_theta", 1, 1e12);
  model->norm_eps = safetensors_number(file, "norm_eps", 0, 1);
  model->hash = safetensors_hash(file);
  model->embed = weight(model, "embed", model->vocab, model->width);
  model->norm = floats(model, "norm", model->width);
  model->blocks = allocate(model->layers, sizeof *model->blocks);
  for (uint32_t layer = 0; layer < model->layers; ++layer) model->blocks[layer] = block(model, layer);
  return model;
}

static void free_floats(const float* values) { free((void*)(uintptr_t)values); }

void model_close(struct model* model) {
  for (uint32_t layer = 0; layer < model->layers; ++layer) {
    const struct block* block = &model->blocks[layer];
    free_floats(block->attention_norm);
    free_floats(block->ffn_norm);
    free_floats(block->qkv.scales);
    free_floats(block->out.scales);
    free_floats(block->gate_up.scales);
    free_floats(block->down.scales);
  }
  free_floats(model->embed.scales);
  free_floats(model->norm);
  free(model->blocks);
  safetensors_close(model->file);
  free(model);
}
