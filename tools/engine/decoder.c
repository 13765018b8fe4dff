#include "decoder.h"

#include <stdlib.h>
#include <unistd.h>

#include "half.h"
#include "layer.h"
#include "prefill.h"
#include "prefill_file.h"
#include "program.h"
#include "tokens.h"

static uint32_t thread_count(const struct options* options) {
  if (options->threads > 0) return options->threads;
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (uint32_t)cores : 1;
}

static void read_prompt(struct decoder* decoder, const struct options* options) {
  const struct prompt prompt = {
      decoder->model->hash, hash_bytes(decoder->tokens, options->prefill * sizeof *decoder->tokens), options->offset};
  if (options->prefill_cache != NULL && prefill_file_read(options->prefill_cache, prompt, decoder->cache)) return;
  const double begin = seconds();
  prefill(decoder->model, decoder->threads, decoder->tokens, decoder->cache);
  decoder->prefill_seconds = seconds() - begin;
  if (options->prefill_cache != NULL) prefill_file_write(options->prefill_cache, prompt, decoder->cache);
}

struct decoder* decoder_open(const struct options* options, size_t scored) {
  struct decoder* decoder = allocate(1, sizeof *decoder);
  decoder->model = model_open(options->model);
  decoder->tokens = tokens_read(options, scored, decoder->model->vocab);
  decoder->threads = threads_start(thread_count(options));
  decoder->cache = cache_make(decoder->model, options->prefill, options->count);
  decoder->logits = allocate(decoder->model->vocab, sizeof *decoder->logits);
  decoder->position = options->prefill;
  read_prompt(decoder, options);
  decoder->attention = options->attention == attention_rattan
                           ? rattan_attention(decoder->threads, decoder->cache, options)
                           : full_attention(decoder->threads, decoder->cache);
  return decoder;
}

void decoder_step(struct decoder* decoder, uint16_t token) {
  const struct model* model = decoder->model;
  const size_t queries = (size_t)model->heads * model->head_dim, keys = (size_t)model->kv_heads * model->head_dim;
  float* x = allocate(model->width, sizeof *x);
  float* projected = allocate(queries + 2 * keys, sizeof *projected);
  float* attended = allocate(queries, sizeof *attended);
  uint16_t* halves = allocate(2 * keys, sizeof *halves);
  embed(model, &token, 1, x);
  for (uint32_t layer = 0; layer < model->layers; ++layer) {
    layer_project(model, decoder->threads, layer, x, 1, decoder->position, projected);
    to_halves(halves, projected + queries, 2 * keys);
    decoder->attention->step(decoder->attention, layer, decoder->position, projected, halves, halves + keys, attended);
    layer_finish(model, decoder->threads, layer, attended, 1, x);
  }
  logits_of(model, decoder->threads, x, decoder->logits);
  ++decoder->position;
  free(halves);
  free(attended);
  free(projected);
  free(x);
}

void decoder_close(struct decoder* decoder) {
  decoder->attention->close(decoder->attention);
  cache_free(decoder->cache);
  threads_stop(decoder->threads);
  free(decoder->logits);
  free(decoder->tokens);
  model_close(decoder->model);
  free(decoder);
}
