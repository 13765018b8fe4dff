// Which kind of index a KV head gets, and with which width it searches: measured on held-out prefill queries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "clusters/key_clusters.h"
#include "context/head_evidence.h"
#include "context/head_kind.h"
#include "context/mass_curve.h"
#include "rattan/context.h"
#include "rattan/index.h"
#include "scan/checked_matrix.h"

namespace rattan {

// Fewer keys than that are attended faster than an index is searched.
inline constexpr std::size_t fewest_keys = 4096;

// Whether a head with so many keys to search gets an index.
bool wants_index(std::size_t searched, const ContextParams& params) noexcept;

struct HeadChoice {
  HeadKind kind = HeadKind::flat;  // never automatic. flat: every key is attended exactly, nothing is searched
  std::uint32_t k = 0;             // keys per search that `width` was found for; 0: it was not measured
  std::uint32_t width = 0;         // of the kind's knob
  std::vector<float> row_widths;   // FoundWidth::row_widths, by query head
  double recall = 0;               // with it, of held-out queries; 0: not measured
  double worst_recall = 0;         // the same of the worst query head
  MassCurve curve;
  std::string reason;

  // How many keys to search first for a budget.
  std::uint32_t first_keys(const Budget& budget) const noexcept;
  // Search parameters for `k` keys, the width in proportion: for whole groups, or for the query heads `rows` of a group
  // of `group`, whose factors are put into `widths`. They borrow the factors.
  void apply_width(std::uint32_t k, SearchParams& params) const;
  void apply_width(std::uint32_t k, std::size_t group, std::span<const std::size_t> rows, std::vector<float>& widths,
                   SearchParams& params) const;
};

// What is decided before links are made, which take longest: whether a kind that needs them is worth trying.
struct HeadPlan {
  Calibration calibration;
  MassCurve curve;
  KeyClusters clusters;      // of the indexed keys, where they were needed to find k
  std::uint32_t k = 0;       // per search that the budget will ask
  bool wants_links = false;  // a kind that needs them is to be tried
  std::string remark;        // why not
};

// keys, values: the whole prefill's; those of `indexed` are searched.
HeadPlan plan_head(const HeadQueries& queries, const CheckedMatrix& keys, const CheckedMatrix& values, IdRange indexed,
                   double scale, const ContextParams& params);

struct ChosenIndex {
  std::shared_ptr<const Index> index;
  HeadChoice choice;
};

// Builds what ContextParams::kind allows over the indexed keys, and keeps what is fastest at the wanted recall.
// links: where plan.wants_links, else empty.
ChosenIndex choose_index(const CheckedMatrix& indexed_keys, const HeadPlan& plan, std::span<const NeighborTable> links,
                         std::uint32_t group, const ContextParams& params, BuildStats* stats);

}  // namespace rattan
