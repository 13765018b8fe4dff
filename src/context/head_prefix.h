// What a KV head searches with, and the prefill of one KV head: borrowed keys and values with the first of such.
// Immutable, shared by all sequences that begin with it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "clusters/key_clusters.h"
#include "context/head_choice.h"
#include "context/head_evidence.h"
#include "core/page_rows.h"
#include "rattan/context.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "scan/checked_matrix.h"

namespace rattan {

// Chosen, built and measured together over the first ids of a head.
struct HeadIndex {
  std::shared_ptr<const Index> index;
  KeyClusters clusters;  // the same ids; none of a flat head
  HeadChoice choice;
  bool promoted = false;  // built of what a head had grown to, whose rows may be written over; not of a prefill's

  std::size_t indexed() const noexcept { return index->size(); }
};

// Keys and values of a head. Rows of pages that do not follow each other are copied together: these are the owners of
// the copies, and the matrices are not, so that nothing built of them holds on to them.
struct HeadRows {
  CheckedMatrix keys;
  CheckedMatrix values;
  std::shared_ptr<const void> gathered_keys = {};
  std::shared_ptr<const void> gathered_values = {};
};

// The pages that keys and values of a sequence lie in.
struct HeadPages {
  PageRows keys;
  PageRows values;
};

// Rows [0, sinks) are attended exactly, the index holds the next ones, and those behind it are the recent window's: a
// sequence copies them as the first of its own, unless they are in pages. Ids count from row `sinks`.
struct HeadPrefix : HeadIndex {
  SharedMatrix keys;  // all rows of the prefill; of one in pages only how many and what they are, without data
  SharedMatrix values;
  std::size_t sinks = 0;

  std::size_t rows() const noexcept { return keys.view.rows; }
  std::size_t token_bytes() const noexcept { return keys.view.row_bytes() + values.view.row_bytes(); }
};

// Rows of a prefill of `rows` that are searched.
IdRange indexed_rows(std::size_t rows, const ContextParams& params) noexcept;

// 1 / sqrt(key_dim) where the parameter is 0.
double softmax_scale(const ContextParams& params, std::size_t key_dim) noexcept;

// Everything is checked already. `links`: where plan_head().wants_links.
std::shared_ptr<HeadPrefix> build_prefix(const CheckedMatrix& keys, const CheckedMatrix& values, HeadPlan plan,
                                         std::span<const NeighborTable> links, std::uint32_t group,
                                         const ContextParams& params, BuildStats* stats);

// Of a prefill in pages: build_prefix was given rows that were gathered, and which the prefix forgets. Its index
// searches no more by itself (as of build_promoted).
void forget_rows(HeadPrefix& prefix);

// What the clusters of a head are trained with.
ClusterParams cluster_params(const ContextParams& params, Executor* executor);

}  // namespace rattan
