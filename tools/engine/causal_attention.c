// The prefill's attention. A job is a block of tokens and a KV head: the block's queries of all the group's heads stand
// in panels of panel_width columns, transposed, and meet the keys tile by tile.
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kernels.h"
#include "prefill.h"
#include "program.h"

enum { block_tokens = 64 };

struct causal {
  const struct cache* cache;
  uint32_t layer;
  const float* projected;
  size_t rows;
  size_t first;
  float* attended;
  atomic_size_t next;  // job
};

struct panel {
  float queries[most_head_dim * panel_width];  // [dim][column], times the softmax scale, for base-2 exponentials
  float output[most_head_dim * panel_width];
  float maxima[panel_width];
  float sums[panel_width];
};

// Column `index` of a job: heads of the group vary fastest, so that a panel's tokens lie close together.
struct column {
  size_t row;  // of the chunk
  size_t head;
};

static struct column column_at(const struct causal* causal, size_t block, size_t kv_head, size_t index) {
  const size_t group = causal->cache->heads / causal->cache->kv_heads;
  return (struct column){block * block_tokens + index / group, kv_head * group + index % group};
}

static void load_panel(const struct causal* causal, struct panel* panel, size_t block, size_t kv_head, size_t begin,
                       size_t columns) {
  const size_t dim = causal->cache->head_dim;
  const size_t stride = (causal->cache->heads + 2 * causal->cache->kv_heads) * dim;
  const float scale = (float)(1.4426950408889634 / sqrt((double)dim));
  *panel = (struct panel){0};
  for (size_t c = 0; c < panel_width; ++c) panel->maxima[c] = -1e30F;
  for (size_t c = 0; c < columns; ++c) {
    const struct column at = column_at(causal, block, kv_head, begin + c);
    const float* query = causal->projected + at.row * stride + at.head * dim;
    for (size_t d = 0; d < dim; ++d) panel->queries[d * panel_width + c] = scale * query[d];
  }
}

static void store_panel(const struct causal* causal, const struct panel* panel, size_t block, size_t kv_head,
                        size_t begin, size_t columns) {
  const size_t dim = causal->cache->head_dim;
  for (size_t c = 0; c < columns; ++c) {
    const struct column at = column_at(causal, block, kv_head, begin + c);
    float* out = causal->attended + (at.row * causal->cache->heads + at.head) * dim;
    for (size_t d = 0; d < dim; ++d) out[d] = panel->output[d * panel_width + c] / panel->sums[c];
  }
}

// Keys first_key .. first_key + keys - 1 for one panel.
static void meet(const struct causal* causal, struct panel* panel, size_t block, size_t kv_head, size_t begin,
                 size_t columns, const float* keys, const float* values, size_t first_key, size_t count) {
  const size_t dim = causal->cache->head_dim;
  const size_t earliest = causal->first + column_at(causal, block, kv_head, begin).row;
  float scores[key_tile * panel_width] = {0};
  best_kernels()->multiply(scores, count, keys, dim, 1, panel->queries, dim);
  if (first_key + count > earliest + 1) {
    for (size_t c = 0; c < columns; ++c) {
      const size_t position = causal->first + column_at(causal, block, kv_head, begin + c).row;
      for (size_t r = 0; r < count; ++r) {
        if (first_key + r > position) scores[r * panel_width + c] = -2e30F;  // below every maximum's beginning
      }
    }
  }
  best_kernels()->soften(scores, count, panel->maxima, panel->sums, panel->output, dim);
  best_kernels()->multiply(panel->output, dim, values, 1, dim, scores, count);
}

static void attend_block(const struct causal* causal, struct panel* panels, float* keys, float* values, size_t block,
                         uint32_t kv_head) {
  const struct cache* cache = causal->cache;
  const size_t dim = cache->head_dim, group = cache->heads / cache->kv_heads;
  const size_t rows_left = causal->rows - block * block_tokens;
  const size_t columns = (rows_left < block_tokens ? rows_left : block_tokens) * group;
  for (size_t c = 0; c < columns; c += panel_width) {
    load_panel(causal, &panels[c / panel_width], block, kv_head, c,
               columns - c < panel_width ? columns - c : panel_width);
  }
  const size_t end = causal->first + column_at(causal, block, kv_head, columns - 1).row + 1;
  for (size_t key = 0; key < end; key += key_tile) {
    const size_t count = end - key < key_tile ? end - key : key_tile;
    best_kernels()->widen(keys, cache_keys(cache, causal->layer, kv_head) + key * dim, count * dim);
    best_kernels()->widen(values, cache_values(cache, causal->layer, kv_head) + key * dim, count * dim);
    for (size_t c = 0; c < columns; c += panel_width) {
      const size_t width = columns - c < panel_width ? columns - c : panel_width;
      if (key > causal->first + column_at(causal, block, kv_head, c + width - 1).row) continue;
      meet(causal, &panels[c / panel_width], block, kv_head, c, width, keys, values, key, count);
    }
  }
  for (size_t c = 0; c < columns; c += panel_width) {
    store_panel(causal, &panels[c / panel_width], block, kv_head, c,
                columns - c < panel_width ? columns - c : panel_width);
  }
}

static void attend_blocks(void* argument, uint32_t ith, uint32_t nth) {
  struct causal* causal = argument;
  const struct cache* cache = causal->cache;
  (void)ith, (void)nth;
  const size_t blocks = (causal->rows + block_tokens - 1) / block_tokens;
  const size_t widest = (block_tokens * (cache->heads / cache->kv_heads) + panel_width - 1) / panel_width;
  struct panel* panels = allocate(widest, sizeof *panels);
  float* tiles = allocate(2 * (size_t)key_tile * cache->head_dim, sizeof *tiles);
  for (size_t job; (job = atomic_fetch_add(&causal->next, 1)) < blocks * cache->kv_heads;) {
    attend_block(causal, panels, tiles, tiles + (size_t)key_tile * cache->head_dim, job / cache->kv_heads,
                 (uint32_t)(job % cache->kv_heads));
  }
  free(tiles);
  free(panels);
}

void causal_attention(struct threads* threads, const struct cache* cache, uint32_t layer, const float* projected,
                      size_t rows, size_t first, float* attended) {
  struct causal causal = {cache, layer, projected, rows, first, attended, 0};
  threads_run(threads, attend_blocks, &causal);
}
