/* Rattan for C: the KV cache of one sequence, as an engine embeds it. C11, and C++.
 *
 * Conventions, once for all functions:
 * - A function returns RATTAN_OK or another rattan_status; on failure nothing has changed, results are not written, and
 *   rattan_last_error() says in words which parameter was wrong, its value and what is allowed.
 * - Pointers must not be NULL unless their comment says "or NULL"; NULL is RATTAN_INVALID_ARGUMENT, never a crash.
 * - Structs begin with struct_size: the caller's sizeof, so that a newer library knows what an older caller filled in,
 *   and gives the rest its defaults; members a library does not know must be 0, else RATTAN_VERSION. The rattan_*_init
 *   functions set it together with every default; members may be added at the end of a struct, but for rattan_budget
 *   within rattan_params, which stays as it is.
 * - Matrices are borrowed. Keys and values given to rattan_build_layer must stay where they are, unchanged, until the
 *   context and all its forks are destroyed; all other buffers only until the function returns.
 * - Nothing is printed, no thread starts before first use, no C++ exception leaves the library.
 * - Threads: rattan_build_layer, rattan_append, rattan_seal, rattan_truncate and rattan_invalidate belong to one writer
 *   at a time and layer. rattan_decode may run from any number of threads, beside append and seal, but not beside
 *   truncate, invalidate or destroy.
 */
#ifndef RATTAN_C_H
#define RATTAN_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RATTAN_C_API_VERSION 1

/* NOLINTBEGIN(modernize-use-using): C has no aliases. */
typedef int32_t rattan_status;
enum {
  RATTAN_OK = 0,
  RATTAN_INVALID_ARGUMENT = 1, /* a parameter is outside what its documentation allows */
  RATTAN_NOT_FOUND = 2,        /* a file does not exist */
  RATTAN_IO = 3,               /* the operating system refused a read or a write */
  RATTAN_CORRUPT = 4,          /* a file's content contradicts itself, its checksum or its size */
  RATTAN_VERSION = 5,          /* a file, or a struct, is newer than this library */
  RATTAN_UNSUPPORTED = 6,      /* not in this build, or not on this machine */
  RATTAN_NO_MEMORY = 7,        /* an allocation failed, or rattan_params.memory_limit has no room */
  RATTAN_INTERNAL = 8          /* a defect of Rattan; please report the text of rattan_last_error() */
};

/* Text of the calling thread's last failure; "" before the first. Valid until the thread's next failing call. */
const char* rattan_last_error(void);

/* "0.1.0", and RATTAN_C_API_VERSION of the library that is linked. */
const char* rattan_version(void);
uint32_t rattan_c_api_version(void);

enum { RATTAN_F32 = 0, RATTAN_F16 = 1, RATTAN_BF16 = 2 };

/* `rows` vectors of `cols` elements. Row i begins row_stride * i elements after data. With a block table (paged caches)
 * row i begins block_table[i / block_rows] * block_stride + i % block_rows * row_stride elements after data; paged keys
 * and values are copied when a layer is built. */
typedef struct rattan_matrix {
  const void* data;
  uint32_t dtype; /* RATTAN_F32, ... */
  uint32_t cols;
  uint64_t rows;
  uint64_t row_stride;         /* in elements, at least cols; 0: cols */
  const uint32_t* block_table; /* or NULL */
  uint64_t block_rows;         /* rows of a block; used with a block table only */
  uint64_t block_stride;       /* elements from one block to the next */
} rattan_matrix;

typedef struct rattan_shape {
  uint32_t struct_size;
  uint32_t layers;
  uint32_t query_heads; /* of a layer; a multiple of kv_heads, at most 8 times as many */
  uint32_t kv_heads;
  uint32_t key_dim;
  uint32_t value_dim;
  uint32_t dtype; /* of keys and values; queries may have any */
} rattan_shape;

enum { RATTAN_KIND_AUTO = 0, RATTAN_KIND_FLAT = 1, RATTAN_KIND_SCAN4 = 2, RATTAN_KIND_GRAPH = 3 };

typedef struct rattan_budget {
  uint32_t struct_size;
  uint32_t k;               /* keys retrieved per query head: exactly (epsilon 0) or at least */
  double epsilon;           /* 0: k keys. Inside (0, 1): until the unread keys hold less than this share of the softmax;
                               with estimate_unread: until the estimate of them may err by less, at k keys, and in proportion
                               at more */
  uint32_t most_k;          /* bound of an epsilon budget */
  uint32_t estimate_unread; /* 1: unread keys are estimated by clusters; 0: left out */
} rattan_budget;

typedef struct rattan_params {
  uint32_t struct_size;
  uint32_t kind;            /* RATTAN_KIND_AUTO, ... */
  double softmax_scale;     /* 0: 1 / sqrt(key_dim) */
  uint32_t sinks;           /* first tokens, and */
  uint32_t recent;          /* last tokens that are attended exactly */
  rattan_budget budget;     /* default of rattan_decode */
  double recall;            /* wanted of the retrieved keys */
  uint32_t links_k;         /* links per prefill query */
  uint32_t link_queries;    /* prefill queries per query head that are linked */
  uint32_t clusters;        /* per KV head, of the estimate of unread keys; 0: none */
  uint32_t max_degree;      /* edges per key of a graph */
  uint64_t capacity;        /* most tokens; address space is reserved */
  uint32_t seal_after;      /* appended tokens after which the oldest are sealed into the graph; 0: rattan_seal only */
  uint32_t background_seal; /* 1: on a thread of the context; 0: inside rattan_append */
  uint64_t seed;
  uint32_t threads; /* of builds and of rattan_decode over several KV heads; 0: as many as the machine has */
  uint32_t exact;   /* where links are made: 0 CPU, 1 CUDA, 2 CUDA where there is a device */
  /* Bytes the context may hold besides borrowed keys and values, an equal share for every KV head of every layer; 0: no
   * limit. A head gets the fastest kind that fits, and rattan_report says so; RATTAN_NO_MEMORY: a kind that was asked
   * for, a file, tokens or a block of rattan_seal that do not fit. Automatic seals that do not fit are left out. A fork
   * has a limit of its own, in which the shared prefix counts as well. Copies of paged matrices do not count. */
  uint64_t memory_limit;
} rattan_params;

void rattan_shape_init(rattan_shape* shape);    /* NULL: nothing happens */
void rattan_budget_init(rattan_budget* budget); /* likewise */
void rattan_params_init(rattan_params* params); /* likewise */

typedef struct rattan_context rattan_context;

/* params: or NULL for the defaults. */
rattan_status rattan_context_create(const rattan_shape* shape, const rattan_params* params, rattan_context** context);
void rattan_context_destroy(rattan_context* context); /* NULL: nothing happens */

/* Another sequence over the same built prefix; appended tokens are private. */
rattan_status rattan_context_fork(const rattan_context* context, rattan_context** fork);

/* The prefill of one layer. keys, values: kv_heads matrices of one number of rows. queries: query_heads matrices, link
 * evidence, or NULL (then there are no graphs); row i belongs to position query_positions[i], or i where that is NULL.
 */
rattan_status rattan_build_layer(rattan_context* context, uint32_t layer, const rattan_matrix* keys,
                                 const rattan_matrix* values, const rattan_matrix* queries,
                                 const int64_t* query_positions);

/* The next `tokens` tokens of a layer: keys and values [tokens * kv_heads, dim], token after token; queries [tokens *
 * query_heads, key_dim], link evidence for later seals, or NULL. Copied. */
rattan_status rattan_append(rattan_context* context, uint32_t layer, uint64_t tokens, const rattan_matrix* keys,
                            const rattan_matrix* values, const rattan_matrix* queries);

/* Attention of one token's queries [query_heads, key_dim]: output [query_heads * value_dim], lse [query_heads], natural
 * logarithm, or NULL. budget: or NULL for the context's. */
rattan_status rattan_decode(const rattan_context* context, uint32_t layer, const rattan_matrix* queries, float* output,
                            float* lse, const rattan_budget* budget);

/* The same for KV heads ith, ith + nth, ... alone, on the calling thread; rows of other heads are not written. An
 * engine's nth threads call it with ith = 0 .. nth - 1. */
rattan_status rattan_decode_slice(const rattan_context* context, uint32_t layer, const rattan_matrix* queries,
                                  float* output, float* lse, const rattan_budget* budget, uint32_t ith, uint32_t nth);

/* Folds appended tokens outside the window into the layer's indexes. */
rattan_status rattan_seal(rattan_context* context, uint32_t layer);

/* Drops all tokens from `tokens` on, in every layer. */
rattan_status rattan_truncate(rattan_context* context, uint64_t tokens);

/* The engine has rewritten keys in place: decode is refused until the layers are built again. */
rattan_status rattan_invalidate(rattan_context* context);

/* Tokens of a layer that the next decode sees. */
rattan_status rattan_tokens(const rattan_context* context, uint32_t layer, uint64_t* tokens);

/* The built prefix as files of a folder that exists, one per layer and KV head, and back over the same keys and values.
 * What rattan_open_layer borrows is as in rattan_build_layer. */
rattan_status rattan_context_save(const rattan_context* context, const char* folder);
rattan_status rattan_open_layer(rattan_context* context, const char* folder, uint32_t layer, const rattan_matrix* keys,
                                const rattan_matrix* values);

/* Sums over all decoded query heads since the context was made or reset; see rattan/context.h. */
typedef struct rattan_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t steps;
  uint64_t keys_visible;
  uint64_t keys_window;
  uint64_t keys_retrieved;
  uint64_t keys_scored;
  uint64_t values_read;
  uint64_t bytes_read;
} rattan_stats;
rattan_status rattan_get_stats(const rattan_context* context, rattan_stats* stats); /* struct_size set by the caller */
rattan_status rattan_reset_stats(rattan_context* context);

/* What was built, for people, one line per KV head. Writes at most `size` bytes with the final 0 and sets *needed to
 * the bytes the whole text takes; text may be NULL where size is 0. */
rattan_status rattan_report(const rattan_context* context, char* text, size_t size, size_t* needed);

/* Bytes that the context holds of what rattan_params.memory_limit bounds. */
rattan_status rattan_memory(const rattan_context* context, uint64_t* bytes);

/* Parts and their merging, for engines that attend a part of the keys elsewhere. merge: the output and lse of two
 * disjoint sets of keys become those of both, in `output` and `*lse`. */
rattan_status rattan_merge(float* output, float* lse, const float* other_output, float other_lse, size_t value_dim);
float rattan_lse_to_log2(float lse);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
}
#endif

#endif
