// Texts as token ids, and the words of a SentencePiece model for printing them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "options.h"

// The ids from --offset on of the file --text, which holds little-endian 16-bit ids: those of the prompt (--prefill +
// 1) and `scored`. All are below `vocab`. To be freed.
uint16_t* tokens_read(const struct options* options, size_t scored, uint32_t vocab);

struct pieces;

struct pieces* pieces_open(const char* path, uint32_t vocab);
void pieces_print(const struct pieces* pieces, uint16_t token, FILE* out);
void pieces_close(struct pieces* pieces);
