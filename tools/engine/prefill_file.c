#include "prefill_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

// The file: this, then keys and values of every layer and KV head, then queries of every layer and head.
struct head {
  char magic[8];
  struct prompt prompt;
  uint64_t prefill, query_step, query_rows;
  uint64_t layers, heads, kv_heads, head_dim;
};

static struct head head_of(struct prompt prompt, const struct cache* cache) {
  return (struct head){"RATTPRE1",    prompt,       cache->prefill,  cache->query_step, cache->query_rows,
                       cache->layers, cache->heads, cache->kv_heads, cache->head_dim};
}

// Calls `move` for every buffer in the file's order, until one is not moved whole.
static int move_all(const struct cache* cache, size_t (*move)(uint16_t*, size_t, FILE*), FILE* file) {
  const size_t values = cache->prefill * cache->head_dim, queries = cache->query_rows * cache->head_dim;
  int whole = 1;
  for (size_t i = 0; i < (size_t)cache->layers * cache->kv_heads && whole; ++i) {
    whole = move(cache->keys[i], values, file) == values && move(cache->values[i], values, file) == values;
  }
  for (size_t i = 0; i < (size_t)cache->layers * cache->heads && whole; ++i) {
    whole = move(cache->queries[i], queries, file) == queries;
  }
  return whole;
}

static size_t read_halves(uint16_t* to, size_t count, FILE* file) { return fread(to, sizeof *to, count, file); }
static size_t write_halves(uint16_t* from, size_t count, FILE* file) { return fwrite(from, sizeof *from, count, file); }

int prefill_file_read(const char* path, struct prompt prompt, struct cache* cache) {
  FILE* file = fopen(path, "rb");
  if (file == NULL && errno == ENOENT) return 0;
  if (file == NULL) refuse("--prefill-cache is \"%s\", which cannot be opened: %s", path, strerror(errno));
  const struct head wanted = head_of(prompt, cache);
  struct head found;
  if (fread(&found, sizeof found, 1, file) != 1 || memcmp(&found, &wanted, sizeof found) != 0) {
    refuse(
        "--prefill-cache is \"%s\", which holds no prefill of this model, text, --offset and --prefill; "
        "a file of the same, or one that does not exist yet, is allowed",
        path);
  }
  if (!move_all(cache, read_halves, file) || fgetc(file) != EOF) {
    refuse("--prefill-cache is \"%s\", whose size is not that of its prefill; remove it", path);
  }
  fclose(file);
  return 1;
}

void prefill_file_write(const char* path, struct prompt prompt, const struct cache* cache) {
  char* part = allocate(strlen(path) + 6, 1);
  strcat(strcpy(part, path), ".part");
  FILE* file = fopen(part, "wb");
  if (file == NULL) refuse("--prefill-cache is \"%s\": \"%s\" cannot be written: %s", path, part, strerror(errno));
  const struct head head = head_of(prompt, cache);
  int whole = fwrite(&head, sizeof head, 1, file) == 1 && move_all(cache, write_halves, file);
  whole = fclose(file) == 0 && whole;
  if (!whole || rename(part, path) != 0) {
    remove(part);
    give_up("\"%s\" cannot be written: %s", path, strerror(errno));
  }
  free(part);
}
