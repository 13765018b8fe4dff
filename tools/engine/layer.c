#include "layer.h"

#include <math.h>
#include <stdlib.h>

#include "linear.h"
#include "program.h"

void embed(const struct model* model, const uint16_t* tokens, size_t rows, float* x) {
  for (size_t r = 0; r < rows; ++r) {
    const int8_t* row = model->embed.rows + (size_t)tokens[r] * model->width;
    const float scale = model->embed.scales[tokens[r]];
    for (size_t i = 0; i < model->width; ++i) x[r * model->width + i] = scale * (float)row[i];
  }
}

static float* normalised(const struct model* model, const float* x, size_t rows, const float* weight) {
  const size_t width = model->width;
  float* out = allocate(rows * width, sizeof *out);
  for (size_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (size_t i = 0; i < width; ++i) squares += (double)x[r * width + i] * (double)x[r * width + i];
    const float factor = (float)(1 / sqrt(squares / (double)width + model->norm_eps));
    for (size_t i = 0; i < width; ++i) out[r * width + i] = x[r * width + i] * factor * weight[i];
  }
  return out;
}

// Element i is rotated with element i + dim / 2.
static void rotate(float* head, size_t dim, const float* cosines, const float* sines) {
  const size_t half = dim / 2;
  for (size_t i = 0; i < half; ++i) {
    const float a = head[i], b = head[i + half];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + half] = b * cosines[i] + a * sines[i];
  }
}

static void rotate_rows(const struct model* model, float* projected, size_t rows, size_t first) {
  const size_t dim = model->head_dim, half = dim / 2;
  double* frequencies = allocate(half, sizeof *frequencies);
  float* angles = allocate(dim, sizeof *angles);
  for (size_t i = 0; i < half; ++i) frequencies[i] = pow(model->rope_theta, -(double)i / (double)half);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = (double)(first + r) * frequencies[i];
      angles[i] = (float)cos(angle);
      angles[half + i] = (float)sin(angle);
    }
    float* row = projected + r * (model->heads + 2 * model->kv_heads) * dim;
    for (size_t h = 0; h < model->heads + model->kv_heads; ++h) rotate(row + h * dim, dim, angles, angles + half);
  }
  free(angles);
  free(frequencies);
}

void layer_project(const struct model* model, struct threads* threads, uint32_t layer, const float* x, size_t rows,
                   size_t first, float* projected) {
  const struct block* block = &model->blocks[layer];
  float* normal = normalised(model, x, rows, block->attention_norm);
  linear(threads, &block->qkv, normal, rows, projected);
  free(normal);
  rotate_rows(model, projected, rows, first);
}

static void add_product(struct threads* threads, const struct weight* weight, const float* in, size_t rows, float* x) {
  float* product = allocate(rows * weight->outputs, sizeof *product);
  linear(threads, weight, in, rows, product);
  for (size_t i = 0; i < rows * weight->outputs; ++i) x[i] += product[i];
  free(product);
}

void layer_finish(const struct model* model, struct threads* threads, uint32_t layer, const float* attended,
                  size_t rows, float* x) {
  const struct block* block = &model->blocks[layer];
  const size_t ffn = model->ffn;
  add_product(threads, &block->out, attended, rows, x);
  float* normal = normalised(model, x, rows, block->ffn_norm);
  float* gate_up = allocate(rows * 2 * ffn, sizeof *gate_up);
  linear(threads, &block->gate_up, normal, rows, gate_up);
  float* gated = allocate(rows * ffn, sizeof *gated);
  for (size_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * ffn;
    for (size_t i = 0; i < ffn; ++i) gated[r * ffn + i] = gate[i] / (1 + expf(-gate[i])) * gate[ffn + i];
  }
  add_product(threads, &block->down, gated, rows, x);
  free(gated);
  free(gate_up);
  free(normal);
}

void logits_of(const struct model* model, struct threads* threads, const float* x, float* logits) {
  float* normal = normalised(model, x, 1, model->norm);
  linear(threads, &model->embed, normal, 1, logits);
  free(normal);
}
