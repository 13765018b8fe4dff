// A model with its prompt read: what score and generate drive, a token at a time.
#pragma once

#include "attention.h"
#include "cache.h"
#include "model.h"
#include "options.h"
#include "threads.h"

struct decoder {
  struct model* model;
  struct threads* threads;
  struct cache* cache;
  struct attention* attention;
  uint16_t* tokens;  // of the text: the prompt's prefill + 1, then those to be scored
  size_t position;   // of the next step
  float* logits;     // [vocab], of the last step
  double prefill_seconds;
};

// Reads the model and the text's prefill + 1 + `scored` tokens, runs the prefill or reads it from --prefill-cache.
struct decoder* decoder_open(const struct options* options, size_t scored);

// Feeds the next token; the logits are those of its successor.
void decoder_step(struct decoder* decoder, uint16_t token);

void decoder_close(struct decoder* decoder);
