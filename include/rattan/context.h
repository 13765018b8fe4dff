// The KV cache of one sequence under Rattan's attention: every layer, every KV head. An engine builds it from the
// prefill, appends each new token's keys and values, and asks for the attention output of the new token's queries.
// Keys and queries are those that the model multiplies, after RoPE. Query head h belongs to KV head
// h / (query_heads / kv_heads), rounded down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rattan/attention.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/types.h"

#pragma GCC visibility push(default)

namespace rattan {

struct ContextShape {
  std::uint32_t layers = 0;       // 1..4096
  std::uint32_t query_heads = 0;  // of one layer; a multiple of kv_heads, at most 32768
  std::uint32_t kv_heads = 0;     // of one layer
  std::uint32_t key_dim = 0;      // of queries and keys, 1..4096
  std::uint32_t value_dim = 0;    // 1..4096
  DType dtype = DType::f16;       // of keys and values; queries may have any
  void validate() const;
};

// How a head finds keys. flat searches nothing: every key is attended exactly. Whatever the kind, a decode that asks
// for as many keys as there are attends to all of them exactly.
enum class HeadKind : std::uint8_t { automatic = 0, flat = 1, scan4 = 2, graph = 3 };
// "auto", "flat", "scan4", "graph"; and back. Throws Error(invalid_argument) that names `parameter` and all of them.
std::string_view to_string(HeadKind kind) noexcept;
HeadKind parse_head_kind(std::string_view name, std::string_view parameter = "kind");

struct ContextParams {
  double softmax_scale = 0;    // 0: 1 / sqrt(key_dim); else 1e-30 to 65536
  std::uint32_t sinks = 128;   // first keys and
  std::uint32_t recent = 512;  // last keys, attended exactly; retrieved keys are never among them
  Budget budget;               // default of decode()
  // Of every head. automatic: flat below 4,096 keys to search, else the fastest at `recall` with the k that `budget`
  // needs of it, measured at the build; no graph below 24,576 keys, nor where that k is more than 1/32 of them.
  HeadKind kind = HeadKind::automatic;
  // Wanted of the retrieved keys, by which widths are calibrated: of all query heads in the mean, and 0.85 times it of
  // each. A graph that does not get there gives way to scan4, also where it was asked for.
  double recall = 0.95;
  std::uint32_t links_k = 128;         // links per prefill query of a graph; 1..1024
  std::uint32_t link_queries = 16384;  // prefill queries per query head that are linked, evenly spaced
  // Queries per query head that a head keeps, evenly spaced over its tokens, as link evidence for indexes that are
  // built anew (see Context::seal); rounded to bf16. 0: none; then such a head gets no graph. 0..2^20
  std::uint32_t kept_queries = 8192;
  std::uint32_t clusters = 1024;                // per KV head, of the estimate of unread keys; 0: none are kept
  GraphBuildParams graph;                       // its executor is not used
  std::size_t capacity = std::size_t{1} << 20;  // most tokens; memory is taken as they come
  // Appended tokens outside the window after which the oldest half is sealed: indexed and clustered; 0: only by seal().
  // Until then they are attended exactly, as the window is.
  std::uint32_t seal_after = 4096;
  bool background_seal = true;  // on a thread of the context (started when first needed); else inside append()
  // build_layer returns as soon as every head can be searched by codes, one pass over its keys, without clusters:
  // unread keys are not estimated. Each head's index takes their place as soon as it is built, beside decodes, on
  // build_threads threads of the context (0: half as many as the executor has); at most 1024.
  bool background_build = false;
  std::uint32_t build_threads = 0;
  // Bytes that the context may hold besides the keys and values it borrows; see memory(). 0: no limit; else at least
  // the copies of the recent window. Every KV head of every layer has an equal share for itself: what becomes of a head
  // depends on no other, nor on threads. What builds and seals take in passing does not count, nor do buffers of
  // decode(). build_layer leaves room in a share for seal_after more tokens, or as many as capacity has. An automatic
  // head becomes the fastest kind that fits: graph, scan4, scan4 with fewer clusters, flat; HeadReport::reason says so.
  // With kind scan4 or graph clusters give way, the kind does not.
  std::size_t memory_limit = 0;
  // decode() refuses a layer that has fewer tokens than one that was decoded before it: an append was left out. For
  // engines that append to and decode layer after layer; not where readers of several layers run beside appends.
  bool check_layers = false;
  // Above 0 (Gemma 2: 50): a logit is logit_cap * tanh(softmax_scale * score / logit_cap), of attended and estimated
  // keys alike. The estimate takes the logits of a cluster's keys for a Gaussian's, under a cap as without. 0: no cap.
  double logit_cap = 0;
  std::uint64_t seed = 1;
  Executor* executor = nullptr;      // of builds and of decode over several KV heads; null: default_executor()
  const ExactTopK* exact = nullptr;  // that makes the links, e.g. make_exact_topk_cuda(); null: the CPU's
  void validate() const;
};

struct DecodeParams {
  std::optional<Budget> budget;        // unset: ContextParams::budget
  std::optional<std::uint64_t> epoch;  // set: refused with Error(invalid_argument) unless it is Context::epoch()
  // Only KV heads slice, slice + slices, ... are computed, on the calling thread: an engine's own threads share the
  // work of one layer. Unset (slices 0): all heads, on the context's executor.
  std::uint32_t slice = 0;
  std::uint32_t slices = 0;
  // Consecutive tokens that ask at once, appended already: the last row sees all, each row before it one less. To the
  // bit the results of as many calls with visible_tokens, but the window is read once.
  std::uint32_t rows = 1;
  // The last row sees these first tokens alone; where that cuts a block of searched ones, its tokens exactly.
  std::optional<std::size_t> visible_tokens;
  // By query head: the logit, unscaled, of a sink without a value (gpt-oss), a part of softmax and lse. Empty: none.
  std::span<const float> sink_logits;
};

// What decode steps have cost since the context was made or reset_stats() was called; sums over query heads.
struct DecodeStats {
  std::uint64_t steps = 0;           // query heads attended
  std::uint64_t keys_visible = 0;    // sum over them of the keys there were
  std::uint64_t keys_window = 0;     // attended exactly: sinks and recent window
  std::uint64_t keys_retrieved = 0;  // attended exactly besides
  std::uint64_t keys_scored = 0;     // distinct keys read in full per KV group and search, window and unsealed included
  std::uint64_t values_read = 0;     // distinct values read per KV group
  std::uint64_t bytes_read = 0;      // keys, values, codes, adjacency, clusters
  // Of what is missed. Query heads that searched, not exactly, and the least HeadReport::worst_recall of heads they
  // searched in (0: none was measured); those whose unread keys were estimated, and of the shares of the softmax by
  // which that may be off: the sum, and the largest.
  std::uint64_t steps_searched = 0;
  std::uint64_t steps_estimated = 0;
  double lowest_recall = 0;
  double uncertainty = 0;
  double largest_uncertainty = 0;
};

struct HeadReport {
  std::uint32_t layer = 0;
  std::uint32_t kv_head = 0;
  std::string kind;       // "flat", "scan4", "graph"
  std::string reason;     // what was measured, for people
  bool building = false;  // in the background
  // Share of the exact best keys, among those searched, that searches of held-out queries found at the build with the
  // width in use: mean over all query heads, and of the query head that found least. 0: not measured.
  double recall = 0;
  double worst_recall = 0;
  std::size_t base_tokens = 0;      // in the index that was built last: of the prefill, or of all there were
  std::size_t sealed_tokens = 0;    // of those behind them, in segments of the index
  std::size_t unsealed_tokens = 0;  // the others, the recent window included
  std::size_t tokens_behind = 0;    // that the longest layer has more: between steps, of appends that were left out
  MemoryUse memory;                 // "edges", "codes", "clusters", "unsealed keys", ...
};

// Of builds in the background since the context was made.
struct BuildProgress {
  std::size_t heads = 0;  // that are still being built, or wait for it
  double seconds = 0;     // in which there were any
};

// Numbers: elements of keys, values and queries are below 2^24 (16777216) in magnitude. Then no score and no logit is
// beyond fp32: where logits are far apart the best key wins, and the lse is finite.
// Throws: all members throw Error, and leave the context as it was; Error(invalid_argument) that names row and column
// for NaN, infinity and larger numbers.
// Threads: one writer and any number of readers. build_layer, open_layer, append, seal, rebuild, truncate and
// invalidate are the writer's, one call at a time and layer. decode and the rest may run at any time beside append,
// seal and rebuild. truncate and invalidate must not run beside decode.
class Context {
 public:
  Context(const ContextShape& shape, const ContextParams& params = {});
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  // The prefill of one layer. Its queries are link evidence; the last 1/16 of them, at most 256 a head, calibrate and
  // are not linked. Without queries scan4 takes the place of graphs.
  // Requires: keys, values: one [n, dim] matrix per KV head, borrowed (see SharedMatrix), any row stride, one n for all
  // heads and layers. queries: one [rows, key_dim] matrix per query head, or ones without rows; row i belongs to
  // position query_positions[i], or i where that is empty.
  // Throws: Error(invalid_argument) for shapes, dtypes, NaN or infinity, a layer that is built already;
  // Error(no_memory) where HeadKind::scan4 or graph was asked for and has no room in ContextParams::memory_limit.
  void build_layer(std::uint32_t layer, std::span<const SharedMatrix> keys, std::span<const SharedMatrix> values,
                   std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions = {},
                   BuildStats* stats = nullptr);

  // Of ContextParams::background_build. What a build throws is thrown by wait_for_builds, or by the next append of its
  // layer, and the head is searched by codes until a seal promotes it. Until its heads are built a layer is not sealed;
  // save, seal and rebuild wait, fork has the same builds done once for both. truncate below the prefill drops them.
  BuildProgress build_progress() const;
  void wait_for_builds();

  // The next tokens of one layer, copied. Every decode that begins afterwards attends to them. Queries are evidence for
  // later seals. Where there is no room they are left out, and so are seals: tokens go on to be attended exactly.
  // Requires: keys [kv_heads, key_dim] and values [kv_heads, value_dim] for each of `tokens` tokens, token after token
  // ([tokens * kv_heads, dim]). queries: [tokens * query_heads, key_dim] or no rows.
  // Throws: Error(no_memory) where the tokens do not fit into ContextParams::memory_limit; what a seal before it has
  // thrown, in the background or at the end of an append, and then has done nothing.
  void append(std::uint32_t layer, std::size_t tokens, MatrixView keys, MatrixView values, MatrixView queries = {});

  // Keys and values in pages of the engine, one PagedRows per KV head, borrowed with their tables: read in place and
  // not copied, but that a build, a seal and a save copy one head in passing. They take no memory, and none of
  // ContextParams::memory_limit. A layer built so, perhaps with no rows, goes on by append_pages alone: `tokens` more,
  // which lie in their pages already; matrices of all tokens there are then. Tokens of before may lie elsewhere, with
  // equal rows: in the pages of a fork or, with tokens 0, in such that were moved.
  // Requires: rows and the entries of the table that lead to them stay as they are, as long as the context and its
  // forks, or until truncate takes them back, or until append_pages has said where else they are and decodes and seals
  // that began before are done (truncate waits for seals). Rows behind them in the last page, and entries of the table
  // behind theirs, may be written at any time.
  // Throws: as build_layer, append and open_layer; elements are checked as they come.
  void build_layer(std::uint32_t layer, std::span<const PagedRows> keys, std::span<const PagedRows> values,
                   std::span<const MatrixView> queries, std::span<const std::int64_t> query_positions = {},
                   BuildStats* stats = nullptr);
  void append_pages(std::uint32_t layer, std::size_t tokens, std::span<const PagedRows> keys,
                    std::span<const PagedRows> values, MatrixView queries = {});
  void open_layer(const std::filesystem::path& folder, std::uint32_t layer, std::span<const PagedRows> keys,
                  std::span<const PagedRows> values);

  // Attention of one token's queries [query_heads, key_dim] over all tokens of the layer, or of DecodeParams::rows
  // tokens' [rows * query_heads, key_dim], token after token; of a slice its heads' rows alone are written. Takes no
  // lock, and allocates nothing once buffers have grown.
  // Requires: output: [rows * query_heads * value_dim]; lse: [rows * query_heads] or empty, ln(sum of exp(logit)).
  // Throws: Error(invalid_argument) for shapes, NaN or infinity, a wrong epoch, a layer that is not built, and one that
  // ContextParams::check_layers finds too short. Where memory is short while buffers grow rows may have been written.
  void decode(std::uint32_t layer, MatrixView queries, std::span<float> output, std::span<float> lse = {},
              const DecodeParams& params = {}) const;

  // One call of decode among others.
  struct DecodeItem {
    const Context* context = nullptr;
    std::uint32_t layer = 0;
    MatrixView queries;
    std::span<float> output, lse;
    DecodeParams params;
  };
  // All items, whose KV heads share the threads of one executor; null: that of the first item's context.
  // Throws: what decode does, with "items[3]: " before the text; then nothing was written, but where memory was short.
  static void decode_batch(std::span<const DecodeItem> items, Executor* executor = nullptr);

  // Folds all appended tokens outside the window into the layer's indexes, on the calling thread. A scan4 head leaves
  // up to 31, and a flat head has no index.
  // A head that has outgrown its index is promoted instead, here as by automatic seals: kind, width and clusters are
  // chosen anew for all its tokens, as build_layer would with the queries that were kept. A head is outgrown that has
  // 4,096 keys to search and grew by a quarter since its index was chosen, of whatever kind; for automatic seals, by
  // half: so a sequence that grows from nothing gets an index, and over its life is built about three times. Where
  // memory_limit has no room for that, or no queries were kept for a graph, the head stays, as HeadReport::reason says.
  // Throws: std::bad_alloc, Error(no_memory) where some head has no room in memory_limit; then none was sealed.
  void seal(std::uint32_t layer);

  // The same, and every head is promoted, outgrown or not: for a prompt that was given in chunks, after the last one.
  // What build_layer of the first chunk, append of the others with their queries, and rebuild make is what one
  // build_layer of all makes, but that appended keys and values are copies.
  void rebuild(std::uint32_t layer);

  // Drops all tokens from `tokens` on, in every layer: speculative decoding, edits of a chat. The epoch grows. Prefill
  // tokens may go as well; forks keep them. Clusters of such a prefill are copied, whatever memory_limit is.
  // Threads: waits for a seal in the background.
  void truncate(std::size_t tokens);

  // The engine has rewritten keys in place (context shift): the epoch grows; decode() refuses layers till built again.
  void invalidate();
  std::uint64_t epoch() const noexcept;

  // Another sequence that goes on from all tokens there are, truncated ones left out. Everything is shared until one of
  // the two goes its own way: appended rows in chunks of 256, of which the last is copied when more is written behind
  // it; an index and its segments until the next seal, whose segments are copied. memory() of a fork says what it holds
  // by itself and, as "shared with the origin", what it began with. Its memory_limit is its own and of the same size;
  // what is shared counts in both. Beside append each layer is as it is when its turn comes.
  Context fork() const;

  // What was built last: everything but keys and values, one file per layer and KV head
  // (layer_0000_head_0000.rattan), atomically per file. All layers are saved with the tokens of the shortest.
  // open_layer is build_layer from such files: keys and values of all these tokens are given again, appended ones too.
  // Those behind the index (kept queries are saved, segments are not) are copied and exact until the next seal.
  // Requires: a folder that exists. open_layer: the keys, values and window that were saved; fingerprints are compared.
  // Throws: Error(not_found, io, corrupt, version, invalid_argument); Error(no_memory) where memory_limit has no room.
  void save(const std::filesystem::path& folder) const;
  void open_layer(const std::filesystem::path& folder, std::uint32_t layer, std::span<const SharedMatrix> keys,
                  std::span<const SharedMatrix> values);

  const ContextShape& shape() const noexcept;
  std::size_t tokens(std::uint32_t layer) const;  // visible to the next decode
  DecodeStats stats() const noexcept;
  void reset_stats() noexcept;
  std::vector<HeadReport> report() const;
  // What all heads hold, parts of the same name together: of the built prefix "edges", "entry_points", "codes" and
  // "clusters"; of the window's copies and appended tokens "unsealed keys", "sealed keys", "grown values", "recent
  // queries" and the former. Takes as long as report().
  MemoryUse memory() const;

 private:
  struct [[gnu::visibility("hidden")]] State;
  std::unique_ptr<State> state_;
};

}  // namespace rattan

#pragma GCC visibility pop
