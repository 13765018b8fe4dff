/* Rattan for C: the KV cache of one sequence, as an engine embeds it, and an index over any keys. C11, and C++.
 *
 * What is computed. Keys and queries come as the model multiplies them: after RoPE, and after any norm of q and k.
 * Query head h belongs to KV head h / (query_heads / kv_heads), rounded down: with 4 query heads and 2 KV heads, query
 * heads 0 and 1 read KV head 0, and 2 and 3 read KV head 1. Over the tokens t of its KV head, a query head's
 *   weight(t) = exp(softmax_scale * <q, k(t)>),
 *   output    = sum of weight(t) * v(t) / sum of weight(t),
 *   lse       = log(sum of weight(t)): of scaled scores, natural logarithm.
 * Tokens of the window are exact; of the others the best are retrieved, and the rest is estimated or left out. Two
 * query heads over one KV head and two tokens, both in the window (`q` is log 3 and 0 along the first key):
 *
 *     const float k[2][2] = {{1, 0}, {0, 1}}, v[2][2] = {{4, 0}, {0, 4}}, q[2][2] = {{1.09861229F, 0}, {0, 0}};
 *     const rattan_matrix keys = {.data = k, .dtype = RATTAN_F32, .rows = 2, .cols = 2};
 *     const rattan_matrix values = {.data = v, .dtype = RATTAN_F32, .rows = 2, .cols = 2};
 *     const rattan_matrix queries = {.data = q, .dtype = RATTAN_F32, .rows = 2, .cols = 2};
 *     rattan_shape shape;
 *     rattan_shape_init(&shape);
 *     shape.layers = shape.kv_heads = 1, shape.query_heads = shape.key_dim = shape.value_dim = 2;
 *     shape.dtype = RATTAN_F32;
 *     rattan_params params;
 *     rattan_params_init(&params);
 *     params.softmax_scale = 1;
 *     if (!status) status = rattan_context_create(&shape, &params, &context);
 *     if (!status) status = rattan_build_layer(context, 0, &keys, &values, NULL, NULL);
 *     if (!status) status = rattan_decode(context, 0, &queries, output, lse, NULL);
 *
 * Then output is {3, 1} of query head 0, {2, 2} of 1; lse is log 4 and log 2.
 *
 * Conventions:
 * - A function returns RATTAN_OK or another rattan_status; on failure nothing has changed, results are not written, and
 *   rattan_last_error() says in words which parameter was wrong, its value and what is allowed.
 * - Pointers must not be NULL unless their comment says "or NULL"; NULL is RATTAN_INVALID_ARGUMENT, never a crash.
 * - Structs begin with struct_size: the caller's sizeof, so that a newer library knows what an older caller filled in,
 *   and gives the rest its defaults; members a library does not know must be 0, else RATTAN_VERSION_MISMATCH. The
 *   rattan_*_init functions set it together with every default; members may be added at the end of a struct, but for
 *   rattan_budget within rattan_params, which stays as it is. rattan_matrix alone has no size, and stays as it is.
 * - Members that name one of several things have a type of their own and take its RATTAN_* constants alone.
 * - Matrices are borrowed. Keys and values given to rattan_build_layer and rattan_open_layer, with their block tables,
 *   must stay where they are, unchanged, until the context and all its forks are destroyed or, of pages,
 *   rattan_truncate drops their tokens; all other buffers only until the function returns.
 * - Elements of keys, values and queries are below 2^24 (16777216) in magnitude: no logit is beyond fp32, every lse is
 *   finite, and where logits are far apart the best key wins. NaN, infinity and larger numbers are
 *   RATTAN_INVALID_ARGUMENT, with row and column.
 * - Nothing is printed, no thread starts before first use, no C++ exception leaves the library.
 * - Threads: rattan_build_layer, rattan_open_layer, rattan_append, rattan_append_pages, rattan_seal, rattan_rebuild,
 *   rattan_truncate and rattan_invalidate belong to one writer at a time and layer. rattan_decode may run from any
 *   number of threads, beside append and seal, but not beside truncate, invalidate or destroy. Functions without a
 *   context may run anywhere.
 * - A child of fork() may use and destroy what its parent had made, with threads of its own, where no other thread of
 *   the parent was in a call that writes. fork() waits for a seal in the background; a build of a head begins again.
 */
#ifndef RATTAN_C_H
#define RATTAN_C_H

#include <stddef.h>
#include <stdint.h>

#include "rattan/version.h"

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

/* Grows with every function, struct member and constant. */
#define RATTAN_C_API_VERSION 1

/* NOLINTBEGIN(modernize-use-using): C has no aliases. */
typedef int32_t rattan_status;
enum {
  RATTAN_OK = 0,
  RATTAN_INVALID_ARGUMENT = 1, /* a parameter is outside what its documentation allows */
  RATTAN_NOT_FOUND = 2,        /* a file does not exist */
  RATTAN_IO = 3,               /* the operating system refused a read or a write */
  RATTAN_CORRUPT = 4,          /* a file's content contradicts itself, its checksum or its size */
  RATTAN_VERSION_MISMATCH = 5, /* a file, or a struct, is newer than this library */
  RATTAN_UNSUPPORTED = 6,      /* not in this build, or not on this machine */
  RATTAN_NO_MEMORY = 7,        /* an allocation failed, or rattan_params.memory_limit has no room */
  RATTAN_INTERNAL = 8          /* a defect of Rattan; please report the text of rattan_last_error() */
};

/* Text of the calling thread's last failure; "" before the first. Valid until the thread's next failing call. */
const char* rattan_last_error(void);
/* Of the library that is linked. */
const char* rattan_version(void);
uint32_t rattan_c_api_version(void);

/* Type of an element. */
typedef uint32_t rattan_dtype;
enum { RATTAN_F32 = 0, RATTAN_F16 = 1, RATTAN_BF16 = 2 };
/* Yes or no. */
typedef uint32_t rattan_switch;
enum { RATTAN_OFF = 0, RATTAN_ON = 1 };

/* How a head finds keys: the fastest at the wanted recall, all keys, a pass over codes, a walk through a graph. */
typedef uint32_t rattan_kind;
enum { RATTAN_KIND_AUTO = 0, RATTAN_KIND_FLAT = 1, RATTAN_KIND_SCAN4 = 2, RATTAN_KIND_GRAPH = 3 };

/* Where a graph's links are made. */
typedef uint32_t rattan_exact;
enum {
  RATTAN_EXACT_CPU = 0,
  RATTAN_EXACT_CUDA = 1,       /* RATTAN_UNSUPPORTED where there is no device */
  RATTAN_EXACT_CUDA_OR_CPU = 2 /* on a device where there is one */
};

/* `rows` vectors of `cols` elements. Row i begins row_stride * i elements after data. With a block table (paged caches)
 * row i begins block_table[i / block_rows] * block_stride + i % block_rows * row_stride elements after data. */
typedef struct rattan_matrix {
  const void* data; /* or NULL where there are no rows */
  rattan_dtype dtype;
  uint32_t cols;
  uint64_t rows;
  uint64_t row_stride;         /* in elements, at least cols; 0: cols */
  const uint32_t* block_table; /* or NULL */
  uint64_t block_rows;         /* rows of a block; used with a block table only */
  uint64_t block_stride;       /* elements from one block to the next; 0: block_rows * row_stride */
} rattan_matrix;

typedef struct rattan_shape {
  uint32_t struct_size;
  uint32_t layers;      /* 1..4096 */
  uint32_t query_heads; /* of a layer; a multiple of kv_heads, at most 32768 */
  uint32_t kv_heads;
  uint32_t key_dim;   /* of keys and queries, 1..4096 */
  uint32_t value_dim; /* 1..4096 */
  rattan_dtype dtype; /* of keys and values; queries may have any */
} rattan_shape;

typedef struct rattan_budget {
  uint32_t struct_size;
  uint32_t k;                    /* keys retrieved per query head: exactly (epsilon 0) or at least */
  double epsilon;                /* 0: k keys. Inside (0, 1): until the unread keys hold less than this share of the
                                    softmax; with estimate_unread: until the estimate of them may err by less, at k
                                    keys, and in proportion at more */
  uint32_t most_k;               /* bound of an epsilon budget */
  rattan_switch estimate_unread; /* unread keys are estimated by clusters, else left out */
} rattan_budget;

/* In C++, with the reasons: ContextParams of rattan/context.h. */
typedef struct rattan_params {
  uint32_t struct_size;
  rattan_kind kind;
  double softmax_scale;          /* 0: 1 / sqrt(key_dim); else 1e-30 to 65536 */
  uint32_t sinks;                /* first tokens, and */
  uint32_t recent;               /* last tokens that are attended exactly: the window */
  rattan_budget budget;          /* default of rattan_decode */
  double recall;                 /* wanted of the retrieved keys */
  uint32_t links_k;              /* links per prefill query */
  uint32_t link_queries;         /* prefill queries per query head that are linked */
  uint32_t clusters;             /* per KV head, of the estimate of unread keys; 0: none */
  uint32_t max_degree;           /* edges per key of a graph */
  uint64_t capacity;             /* most tokens */
  uint32_t seal_after;           /* appended tokens after which the oldest are sealed; 0: rattan_seal only */
  rattan_switch background_seal; /* on a thread of the context, else inside rattan_append */
  uint64_t seed;
  uint32_t threads; /* of builds and of rattan_decode over several KV heads; 0: as many as the machine has */
  rattan_exact exact;
  /* Bytes the context may hold besides borrowed keys and values, an equal share for every KV head of every layer; 0: no
   * limit. A head gets the fastest kind that fits, and rattan_report says so. A fork has a limit of its own, in which
   * the shared prefix counts as well. Copies of pages that a layer is built of do not count.
   * Errors: RATTAN_NO_MEMORY of build, open, append and seal where a kind that was asked for, a file or tokens do not
   * fit. Automatic seals that do not fit are left out. */
  uint64_t memory_limit;
  uint32_t kept_queries;      /* per query head, for indexes that are built anew as a sequence grows; 0: none */
  rattan_switch check_layers; /* rattan_decode refuses a layer that has fewer tokens than one that was decoded before
                                 it: an append was left out. For engines that append to and decode layer after layer */
  double logit_cap; /* above 0 (Gemma 2: 50): a logit is logit_cap * tanh(softmax_scale * score / logit_cap); 0: none */
  rattan_switch copy_pages; /* keys and values with block tables are copied, and the engine's pages its own again */
  rattan_switch background_build; /* rattan_build_layer returns when heads can be searched, by codes alone; their
                                     indexes are built beside decodes, by */
  uint32_t build_threads;         /* as many threads; 0: half of `threads` */
  uint32_t reserved;              /* 0 */
} rattan_params;

/* struct_size and every default; NULL: nothing happens. */
void rattan_shape_init(rattan_shape* shape);
void rattan_budget_init(rattan_budget* budget);
void rattan_params_init(rattan_params* params);

typedef struct rattan_context rattan_context;

/* *context: to be given to rattan_context_destroy. params: or NULL for the defaults. */
rattan_status rattan_context_create(const rattan_shape* shape, const rattan_params* params, rattan_context** context);
void rattan_context_destroy(rattan_context* context); /* NULL: nothing happens */

/* Another sequence that goes on from all tokens of `context`. What is there is shared, what either appends is its own.
 * *fork: to be given to rattan_context_destroy, in any order. */
rattan_status rattan_context_fork(const rattan_context* context, rattan_context** fork);

/* The prefill of one layer, as matrices of [tokens, dim], one per head.
 * Requires: keys, values: kv_heads matrices, of one number of rows in all layers. queries: query_heads matrices, link
 * evidence, or NULL (then there are no graphs); row i belongs to position query_positions[i], or i where that is NULL.
 * Errors: RATTAN_INVALID_ARGUMENT for NaN or infinity, shapes that disagree, a layer that is built already. */
rattan_status rattan_build_layer(rattan_context* context, uint32_t layer, const rattan_matrix* keys,
                                 const rattan_matrix* values, const rattan_matrix* queries,
                                 const int64_t* query_positions);

/* The next `tokens` tokens of a built layer, token after token. Copied. Every decode that begins afterwards sees them.
 * Requires: keys and values [tokens * kv_heads, dim]; queries [tokens * query_heads, key_dim], link evidence for later
 * seals, or NULL.
 * Errors: what a seal before it, in the background or at the end of an append, failed with; then nothing was done. */
rattan_status rattan_append(rattan_context* context, uint32_t layer, uint64_t tokens, const rattan_matrix* keys,
                            const rattan_matrix* values, const rattan_matrix* queries);

/* The same of a layer that was built of pages, perhaps with no rows, and takes no rattan_append. keys and values:
 * kv_heads matrices with block tables, of all tokens there are then, whose rows lie in their pages already; borrowed.
 * The engine fills the last page and the table beside everything, and calls this. Tokens of before may lie elsewhere,
 * with equal rows: in the pages of a fork or, with tokens 0, in such that were moved. Where they lay stays as it is
 * until decodes and seals that began before are done (rattan_truncate waits for seals). copy_pages: rows are copied. */
rattan_status rattan_append_pages(rattan_context* context, uint32_t layer, uint64_t tokens, const rattan_matrix* keys,
                                  const rattan_matrix* values, const rattan_matrix* queries);

/* Of rattan_params.background_build: heads that are still being built, and, or NULL, the seconds in which there were
 * any. rattan_context_save, rattan_seal and rattan_rebuild wait; a fork shares what is being built. */
rattan_status rattan_build_progress(const rattan_context* context, uint64_t* heads, double* seconds);
/* Returns when there are none. Errors: what a build failed with, as of rattan_append; its head is searched by codes. */
rattan_status rattan_wait_for_builds(rattan_context* context);

/* Attention of one token's queries [query_heads, key_dim] over all tokens of the layer. output: [query_heads *
 * value_dim]; lse: [query_heads], or NULL; budget: or NULL for the context's. Takes no lock. */
rattan_status rattan_decode(const rattan_context* context, uint32_t layer, const rattan_matrix* queries, float* output,
                            float* lse, const rattan_budget* budget);

/* The same for KV heads ith, ith + nth, ... alone, on the calling thread; rows of other heads are not written. An
 * engine's nth threads call it with ith = 0 .. nth - 1. */
rattan_status rattan_decode_slice(const rattan_context* context, uint32_t layer, const rattan_matrix* queries,
                                  float* output, float* lse, const rattan_budget* budget, uint32_t ith, uint32_t nth);

typedef struct rattan_decode_item {
  uint32_t struct_size;
  uint32_t layer;
  const rattan_context* context;
  const rattan_matrix* queries; /* [rows * query_heads, key_dim], token after token */
  float* output;                /* [rows * query_heads * value_dim] */
  float* lse;                   /* [rows * query_heads], or NULL */
  const rattan_budget* budget;  /* or NULL for the context's */
  /* Consecutive tokens that ask at once, appended already: the last row sees all, each before it one less. 0: one. */
  uint32_t rows, reserved;
  uint64_t visible_tokens;  /* the last row sees that many of the first tokens alone; 0: all */
  const float* sink_logits; /* [query_heads] or NULL: unscaled, of sinks without values (gpt-oss) in softmax and lse */
} rattan_decode_item;
void rattan_decode_item_init(rattan_decode_item* item); /* struct_size and zeros; NULL: nothing happens */

/* rattan_decode of `count` items, each items[0].struct_size bytes behind the one before, on the first one's threads
 * together: many sequences in one call, several tokens of one.
 * Errors: rattan_last_error() begins with "items[3]: " where that one was wrong; then nothing was written. */
rattan_status rattan_decode_batch(const rattan_decode_item* items, size_t count);

/* The same while the caller does something else, on a thread of the first one's context, which does what is submitted
 * in that order. `items` is read at once; what it points to stays until rattan_wait, contexts too. A token that is
 * appended in between is seen or not, unless visible_tokens says so; no context is truncated. *pending: to be given to
 * rattan_wait, which returns what rattan_decode_batch would, and after which it is gone. */
typedef struct rattan_pending rattan_pending;
rattan_status rattan_submit(const rattan_decode_item* items, size_t count, rattan_pending** pending);
rattan_status rattan_wait(rattan_pending* pending);

/* Folds appended tokens outside the window into the layer's indexes. A head that has outgrown its index (4,096 keys to
 * search, and a quarter more than when it was chosen; for automatic seals half) is built anew over all tokens: so a
 * layer that was built with no tokens gets an index as it grows. A call that fails has sealed nothing. */
rattan_status rattan_seal(rattan_context* context, uint32_t layer);

/* The same, and every head is built anew. After the last chunk of a prompt that came as rattan_build_layer of the first
 * and rattan_append of the others, with their queries: the indexes are those of a prompt that came at once. */
rattan_status rattan_rebuild(rattan_context* context, uint32_t layer);

/* Drops all tokens from `tokens` on, in every layer; below the prefill also builds in the background. */
rattan_status rattan_truncate(rattan_context* context, uint64_t tokens);
/* The engine has rewritten keys in place: decode is refused until the layers are built again. */
rattan_status rattan_invalidate(rattan_context* context);
/* Tokens of a layer that the next decode sees. */
rattan_status rattan_tokens(const rattan_context* context, uint32_t layer, uint64_t* tokens);

/* What was built last as files of a folder that exists, one per layer and KV head, without keys and values.
 * rattan_open_layer takes the place of rattan_build_layer.
 * Requires: keys and values of all tokens that were saved, and the same window. All is checked, fingerprints and every
 * byte, read at once. Errors: RATTAN_NOT_FOUND, RATTAN_IO, RATTAN_CORRUPT, RATTAN_VERSION_MISMATCH. */
rattan_status rattan_context_save(const rattan_context* context, const char* folder);
rattan_status rattan_open_layer(rattan_context* context, const char* folder, uint32_t layer, const rattan_matrix* keys,
                                const rattan_matrix* values);

/* Sums over all decoded query heads since the context was made or reset. */
typedef struct rattan_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t steps;          /* query heads decoded */
  uint64_t keys_visible;   /* keys there were */
  uint64_t keys_window;    /* attended exactly: sinks and recent tokens */
  uint64_t keys_retrieved; /* attended exactly besides */
  uint64_t keys_scored;    /* distinct keys read in full per KV head, the window included */
  uint64_t values_read;    /* distinct values read per KV head */
  uint64_t bytes_read;     /* keys, values, codes, edges, clusters */
  /* Of what is missed: query heads that searched, not exactly; those whose unread keys were estimated */
  uint64_t steps_searched, steps_estimated;
  double lowest_recall; /* the least that calibration found of a query head where they searched; 0: not measured */
  double uncertainty, largest_uncertainty; /* shares of the softmax by which estimates may be off: sum, largest */
} rattan_stats;
void rattan_stats_init(rattan_stats* stats); /* struct_size and zeros; NULL: nothing happens */
rattan_status rattan_get_stats(const rattan_context* context, rattan_stats* stats);
rattan_status rattan_reset_stats(rattan_context* context);

/* What was built, for people, one line per KV head. Writes at most `size` bytes with the final 0 and sets *needed to
 * the bytes the whole text takes; text may be NULL where size is 0. */
rattan_status rattan_report(const rattan_context* context, char* text, size_t size, size_t* needed);

/* Bytes that the context holds of what rattan_params.memory_limit bounds. */
rattan_status rattan_memory(const rattan_context* context, uint64_t* bytes);

/* For engines that attend a part of the keys elsewhere: output and lse of two disjoint sets of keys become those of
 * both, in `output` and `*lse`. An infinite lse is that of a part without keys: -INFINITY, with zeros, of
 * Rattan, +INFINITY, whatever the output, of FlashAttention 2. Two of them make the former.
 * Errors: RATTAN_INVALID_ARGUMENT for an lse that is NaN.
 * rattan_lse_to_log2 is the lse of engines that count in powers of two. */
rattan_status rattan_merge(float* output, float* lse, const float* other_output, float other_lse, size_t value_dim);
float rattan_lse_to_log2(float lse);

/* ---- An index over keys of one's own, apart from any context. It does not change: any number of threads may search,
 * save and describe it, but not beside destroy. The nearest two of four keys by inner product:
 *
 *     const float rows[4][2] = {{1, 0}, {0, 1}, {2, 0}, {0, 3}}, row[2] = {1, 0.5F};
 *     const rattan_matrix four = {.data = rows, .dtype = RATTAN_F32, .rows = 4, .cols = 2};
 *     const rattan_matrix one = {.data = row, .dtype = RATTAN_F32, .rows = 1, .cols = 2};
 *     rattan_index_params flat;
 *     rattan_index_params_init(&flat);
 *     flat.kind = RATTAN_KIND_FLAT;
 *     rattan_search_params search;
 *     rattan_search_params_init(&search);
 *     search.k = 2;
 *     if (!status) status = rattan_index_build(&four, NULL, &flat, &index);
 *     if (!status) status = rattan_index_search(index, &one, &search, ids, scores, NULL);
 *
 * Then ids is {2, 3}, of scores 2 and 1.5. */

/* What a score is; higher is closer. RATTAN_L2: minus the squared distance. */
typedef uint32_t rattan_metric;
enum { RATTAN_INNER_PRODUCT = 0, RATTAN_L2 = 1 };

/* Ends the ids of a row that has fewer than k keys; its score is -INFINITY. */
#define RATTAN_NO_KEY UINT32_MAX

typedef struct rattan_index_params {
  uint32_t struct_size;
  rattan_kind kind; /* RATTAN_KIND_AUTO: the fastest at `recall` on the last sixteenth of the queries, at most 64
                       groups, which are not linked; without queries scan4 */
  rattan_metric metric;
  uint32_t links_k;      /* graph: exact keys linked to each query, 1..1024 */
  uint32_t link_queries; /* graph: query rows that are linked, evenly spaced; 0: all */
  uint32_t max_degree;   /* graph: edges per key, 2..1024 */
  uint32_t k;            /* auto: neighbours that searches will ask, 1..2^20 */
  uint32_t group;        /* auto: rows that will be searched together, as in rattan_search_params */
  double recall;         /* auto: wanted, above 0 to 1 */
  uint64_t seed;
  uint32_t threads;  /* of the build and of searches; 0: as many as the machine has */
  uint32_t reserved; /* 0 */
} rattan_index_params;

typedef struct rattan_search_params {
  uint32_t struct_size;
  uint32_t k;          /* neighbours a row, 0..2^20 */
  uint32_t group;      /* consecutive rows that are searched together: the query heads of one KV head; 1..8, divides the
                          rows */
  uint32_t beam_width; /* graph: best keys a walk keeps open per row; 0: chosen from k */
  uint32_t rerank;     /* with codes: best keys by code that are read in full per row; 0: chosen from k */
  uint32_t first_key;  /* only keys from this one on are found, and */
  uint32_t end_key;    /* only keys below this one */
} rattan_search_params;

/* What a search has cost: sums over all groups. */
typedef struct rattan_search_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t keys_scored;  /* distinct keys read in full per group */
  uint64_t codes_scored; /* distinct keys scored by their code */
  uint64_t lists_read;   /* adjacency lists of a graph */
  uint64_t bytes_read;   /* keys, codes, adjacency */
} rattan_search_stats;

/* struct_size and every default; NULL: nothing happens. */
void rattan_index_params_init(rattan_index_params* params);
void rattan_search_params_init(rattan_search_params* params);
void rattan_search_stats_init(rattan_search_stats* stats);

typedef struct rattan_index rattan_index;

/* keys: [n, dim], borrowed until the index is destroyed; paged ones are copied. queries: [rows, dim], queries like
 * those to come, or NULL: then there is no graph, and RATTAN_KIND_GRAPH is RATTAN_INVALID_ARGUMENT. params: or NULL for
 * the defaults. *index: to be given to rattan_index_destroy. */
rattan_status rattan_index_build(const rattan_matrix* keys, const rattan_matrix* queries,
                                 const rattan_index_params* params, rattan_index** index);
void rattan_index_destroy(rattan_index* index); /* NULL: nothing happens */
/* Everything but the keys as one file, atomically: a failed or killed save leaves an old file whole. */
rattan_status rattan_index_save(const rattan_index* index, const char* file);

/* Requires: the keys that were saved; their fingerprint is compared; every byte is read at once and checked. threads:
 * as in rattan_index_params. Errors: RATTAN_NOT_FOUND, RATTAN_IO, RATTAN_CORRUPT, RATTAN_VERSION_MISMATCH. */
rattan_status rattan_index_open(const char* file, const rattan_matrix* keys, uint32_t threads, rattan_index** index);

/* The k best keys of every row of queries [rows, dim], best first, ties to the smaller id. ids: [rows * k]; scores:
 * [rows * k], or NULL; params: or NULL for the defaults; stats: or NULL. */
rattan_status rattan_index_search(const rattan_index* index, const rattan_matrix* queries,
                                  const rattan_search_params* params, uint32_t* ids, float* scores,
                                  rattan_search_stats* stats);
/* Kind, settings and what the build found, for people, one "name: value" per line; as rattan_report. */
rattan_status rattan_index_describe(const rattan_index* index, char* text, size_t size, size_t* needed);
/* Bytes that the index holds besides the keys. */
rattan_status rattan_index_memory(const rattan_index* index, uint64_t* bytes);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif
