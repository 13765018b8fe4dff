// Texts as token ids, and the words of a SentencePiece model for printing them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// `count` ids of a file of little-endian 16-bit ids, from `offset` on; all below `vocab`. To be freed.
uint16_t* tokens_read(const char* path, uint64_t offset, uint64_t count, uint32_t vocab);

struct pieces;

struct pieces* pieces_open(const char* path, uint32_t vocab);
void pieces_print(const struct pieces* pieces, uint16_t token, FILE* out);
void pieces_close(struct pieces* pieces);
