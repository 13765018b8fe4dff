// The pieces of a SentencePiece model. Its file is a protocol buffer: field 1, repeated, is a piece, whose field 1 is
// its text and field 3 its type. Everything else is skipped.
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "tokens.h"

enum piece_type { type_normal = 1, type_unknown = 2, type_control = 3, type_byte = 6 };

struct piece {
  const uint8_t* text;
  size_t size;
  uint64_t type;
};

struct pieces {
  struct bytes bytes;
  struct piece* list;
  size_t count;
};

// What remains of a message. A field that does not fit makes it `broken`.
struct reader {
  const uint8_t* at;
  size_t remaining;
  int broken;
};

static uint64_t read_varint(struct reader* in) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && in->remaining > 0; shift += 7) {
    const uint8_t byte = *in->at++;
    --in->remaining;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  in->broken = 1;
  return 0;
}

static struct reader read_bytes(struct reader* in, uint64_t size) {
  if (size > in->remaining) in->broken = 1;
  if (in->broken) size = 0;
  const struct reader inner = {in->at, (size_t)size, 0};
  in->at += size;
  in->remaining -= (size_t)size;
  return inner;
}

struct field {
  uint64_t number;
  uint64_t value;        // of a varint
  struct reader inside;  // of a string or message
};

static struct field read_field(struct reader* in) {
  const uint64_t key = read_varint(in);
  struct field field = {key >> 3, 0, {in->at, 0, 0}};
  switch (key & 7) {
    case 0: field.value = read_varint(in); break;
    case 1: read_bytes(in, 8); break;
    case 2: field.inside = read_bytes(in, read_varint(in)); break;
    case 5: read_bytes(in, 4); break;
    default: in->broken = 1;
  }
  return field;
}

static struct piece read_piece(struct reader* in) {
  struct piece piece = {in->at, 0, type_normal};
  while (in->remaining > 0 && !in->broken) {
    const struct field field = read_field(in);
    if (field.number == 1) piece.text = field.inside.at, piece.size = field.inside.remaining;
    if (field.number == 3) piece.type = field.value;
  }
  return piece;
}

struct pieces* pieces_open(const char* path, uint32_t vocab) {
  struct pieces* pieces = allocate(1, sizeof *pieces);
  pieces->bytes = read_whole_file("--tokenizer", path);
  pieces->list = allocate(vocab, sizeof *pieces->list);
  struct reader in = {pieces->bytes.data, pieces->bytes.size, 0};
  while (in.remaining > 0 && !in.broken && pieces->count < vocab) {
    struct field field = read_field(&in);
    if (field.number != 1) continue;
    pieces->list[pieces->count++] = read_piece(&field.inside);
    in.broken |= field.inside.broken;
  }
  if (in.broken || pieces->count != vocab) {
    refuse("--tokenizer is \"%s\", which gives %zu pieces; a SentencePiece model of at least %u is needed", path,
           pieces->count, vocab);
  }
  return pieces;
}

void pieces_print(const struct pieces* pieces, uint16_t token, FILE* out) {
  static const char blank[] = "\xe2\x96\x81";  // U+2581 stands for a blank
  const struct piece* piece = &pieces->list[token];
  if (piece->type == type_control || piece->type == type_unknown) return;
  if (piece->type == type_byte && piece->size == 6) {
    const char digits[] = {(char)piece->text[3], (char)piece->text[4], '\0'};  // <0x0A>
    fputc((int)strtoul(digits, NULL, 16), out);
    return;
  }
  for (size_t i = 0; i < piece->size;) {
    if (piece->size - i >= 3 && memcmp(piece->text + i, blank, 3) == 0) {
      fputc(' ', out);
      i += 3;
    } else {
      fputc(piece->text[i++], out);
    }
  }
}

void pieces_close(struct pieces* pieces) {
  free(pieces->list);
  free(pieces->bytes.data);
  free(pieces);
}
