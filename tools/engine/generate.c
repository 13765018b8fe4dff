// Goes on with a text: the prompt's last token is fed, then each token that was chosen.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "decoder.h"
#include "tokens.h"

static double uniform(uint64_t* state) {  // splitmix64
  uint64_t z = *state += 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27) * 0x94d049bb133111ebU;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static uint16_t choose(const float* logits, uint32_t vocab, double temperature, uint64_t* state) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < vocab; ++i) best = logits[i] > logits[best] ? i : best;
  if (temperature <= 0) return (uint16_t)best;
  double sum = 0;
  for (uint32_t i = 0; i < vocab; ++i) sum += exp((double)(logits[i] - logits[best]) / temperature);
  double remaining = uniform(state) * sum;
  for (uint32_t i = 0; i < vocab; ++i) {
    remaining -= exp((double)(logits[i] - logits[best]) / temperature);
    if (remaining < 0) return (uint16_t)i;
  }
  return (uint16_t)best;
}

void generate(const struct options* options) {
  struct decoder* decoder = decoder_open(options, 0);
  const uint32_t vocab = decoder->model->vocab;
  struct pieces* pieces = pieces_open(options->tokenizer, vocab);
  uint64_t state = options->seed;
  uint16_t token = decoder->tokens[options->prefill];
  for (uint32_t i = 0; i < options->count; ++i) {
    decoder_step(decoder, token);
    token = choose(decoder->logits, vocab, options->temperature, &state);
    pieces_print(pieces, token, stdout);
    fflush(stdout);
  }
  putchar('\n');
  pieces_close(pieces);
  decoder_close(decoder);
}
