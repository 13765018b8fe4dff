// How a head gets an index over all its tokens: of a prefill, and again when it has outgrown what it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "context/head_choice.h"
#include "context/head_prefix.h"
#include "context/memory_limit.h"
#include "core/split_rows.h"
#include "rattan/context.h"
#include "rattan/exact_topk.h"
#include "rattan/results.h"
#include "scan/checked_matrix.h"

namespace rattan {

// What is made of a head before its index: the plan, and the links it wants.
struct PreparedHead {
  HeadPlan plan;
  std::vector<NeighborTable> links;
  BuildStats stats;
};

// keys, values: of all tokens. spent: tables whose memory is used again.
PreparedHead prepare_head(const HeadQueries& queries, const CheckedMatrix& keys, const CheckedMatrix& values,
                          const ContextParams& params, const HeadFit& fit, const ExactTopK& exact,
                          std::vector<NeighborTable> spent = {});

// The whole of it: prepared, and indexed.
std::shared_ptr<HeadPrefix> build_head(const HeadRows& rows, const HeadQueries& queries, std::uint32_t group,
                                       const ContextParams& params, const HeadFit& fit, const ExactTopK& exact);

// What a head searches until it is built: 4-bit codes of its keys, made in one pass over them, and no clusters.
std::shared_ptr<const HeadIndex> codes_alone(const CheckedMatrix& searched, const ContextParams& params);

// By which part of what it was chosen for a head has outgrown its index. By itself it is built anew so rarely that all
// builds of its life are as much work as three of the last size. Who seals has asked for what searches well.
enum class Outgrown : std::size_t { by_half = 2, by_quarter = 4 };

// Whether a head of so many ids outside the window has outgrown an index that was chosen for `judged`.
bool outgrown(std::size_t ids, std::size_t judged, const ContextParams& params,
              Outgrown part = Outgrown::by_half) noexcept;

// Positions whose queries a head keeps, that is promoted by these parameters: 0 where it never is.
std::size_t evidence_positions(const ContextParams& params) noexcept;

// As Context::build_layer builds over a prefill of these tokens. The index searches no more by itself: its keys() are
// gone. What segments need of it is there (IndexKind::growth).
std::shared_ptr<const HeadIndex> build_promoted(const SplitRows& keys, const SplitRows& values,
                                                const HeadQueries& queries, const ContextParams& params,
                                                const HeadFit& fit, const ExactTopK& exact);

}  // namespace rattan
