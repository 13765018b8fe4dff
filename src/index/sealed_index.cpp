#include "index/sealed_index.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/grown_rows.h"
#include "core/parallel.h"
#include "graph/graph_view.h"
#include "index/growth_store.h"
#include "index/registry.h"
#include "index/search_rows.h"
#include "index/segment_graph.h"
#include "index/segment_merge.h"

namespace rattan {
namespace {

GrowthParts parts_of(const Index& base) {
  const IndexKind& kind = kind_of(base);
  if (kind.growth == nullptr) fail(ErrorCode::unsupported, "base is of kind ", kind.name, ", which cannot grow");
  GrowthParts parts = kind.growth(base);
  // An index of no keys has learnt nothing: neither ranges of codes nor where to walk from.
  if (base.size() == 0) parts.graph = nullptr;
  if (base.size() == 0) parts.codes = nullptr;
  return parts;
}

std::uint32_t stride_of(const GrowthParts& base) { return base.graph == nullptr ? 0 : base.graph->stride(); }

// Whether so many query rows say enough of a segment: with fewer, its own keys say more.
bool enough_to_link(std::size_t rows, std::size_t keys) { return 16 * rows >= keys; }

const Index& checked(const std::shared_ptr<const Index>& base, const GrowthParams& params) {
  if (base == nullptr) fail(ErrorCode::invalid_argument, "base is null");
  check_range<std::size_t>("GrowthParams::capacity", params.capacity, base->size(), no_key);
  check_range("GrowthParams::recent_queries", params.recent_queries, 0U, 1U << 20);
  check_range("GrowthParams::links_k", params.links_k, 1U, 1024U);
  check_range("GrowthParams::segment_entry_points", params.segment_entry_points, 1U, 4096U);
  check_range("GrowthParams::queries_per_key", params.queries_per_key, 0.001, 16.0);
  params.graph.validate();
  return *base;
}

}  // namespace

struct SealedIndex::Scratch : SearchScratch {
  std::vector<KeyId> start_keys;
  std::vector<KeyId> ids;  // rows of k
  std::vector<float> scores;
  std::vector<std::size_t> counts;  // of ids per row
  std::size_t k = 0;
};

struct SealedIndex::State {
  std::shared_ptr<const Index> index;
  GrowthParams params;
  GrowthParts base;
  GrowthStore store;
  std::size_t base_visible;  // of the base's keys; less than all after a truncation below it

  State(std::shared_ptr<const Index> index_, const GrowthParams& params_)
      : index(std::move(index_)),
        params(params_),
        base(parts_of(checked(index, params))),
        store({base.codes, stride_of(base)}),
        base_visible(index->size()) {
    if (base.graph != nullptr) check_range("stride of the base's graph", stride_of(base), 2U, 1024U);
  }

  // Rows as searches see them: the base whole, grown ones behind it. Ids outside have no gap where keys were truncated.
  std::size_t gap() const noexcept { return index->size() - base_visible; }
  KeyId row_of(KeyId id) const noexcept { return id < base_visible ? id : static_cast<KeyId>(id + gap()); }
  KeyId id_of(KeyId row) const noexcept { return row < index->size() ? row : static_cast<KeyId>(row - gap()); }

  // The base's rows that were truncated: a walk goes through them, nobody gets them.
  void put_back(SplitRows& keys) const {
    if (keys.pages == nullptr) {
      keys.base = index->keys();
    } else {
      keys.base.rows += gap();
      keys.absent_begin = base_visible;
      keys.absent = gap();
    }
  }

  // Of a segment that is linked by `rows` query rows. Few rows, or few for a large segment, have more links each; keys
  // stand in for rows where there are next to none.
  SegmentGraphParams segment_params(std::size_t keys, std::size_t rows) const {
    constexpr double most_linked = 8192;
    constexpr double most_links = 128;
    const double wanted = std::ceil(static_cast<double>(keys) * params.queries_per_key);
    double linked = std::min(wanted, most_linked);
    if (enough_to_link(rows, keys)) linked = std::min(linked, static_cast<double>(rows));
    SegmentGraphParams segment;
    segment.queries = static_cast<std::uint32_t>(linked);
    const double links = std::ceil(params.links_k * wanted / linked);
    segment.links_k = std::max(params.links_k, static_cast<std::uint32_t>(std::min(links, most_links)));
    segment.graph = params.graph;
    segment.graph.max_degree = std::min(params.graph.max_degree, stride_of(base));
    segment.graph.entry_points = params.segment_entry_points;
    return segment;
  }
};

SealedIndex::SealedIndex(std::shared_ptr<const Index> base, const GrowthParams& params)
    : state_(std::make_unique<State>(std::move(base), params)) {}

SealedIndex::~SealedIndex() = default;
SealedIndex::SealedIndex(const SealedIndex& other) : state_(std::make_unique<State>(*other.state_)) {}

void SealedIndex::truncate(std::size_t size) {
  State& state = *state_;
  state.store.truncate(size - std::min(size, state.base_visible));
  state.base_visible = std::min(size, state.base_visible);
}

void SealedIndex::seal(const SplitRows& keys, std::size_t end, MatrixView queries, Executor& executor) {
  State& state = *state_;
  const std::size_t begin = sealed();
  std::size_t count = end - std::min(end, begin);
  // A search reads codes in blocks of rows, so none may be written in part.
  const bool in_code_blocks = state.base.codes != nullptr && state.base.graph == nullptr;
  if (in_code_blocks) count -= count % simd::code_block_rows;
  if (count == 0) return;
  const auto first_id = static_cast<KeyId>(begin + state.gap());
  const SharedMatrix sealed_keys = in_one_place(keys, begin, begin + count);
  if (state.base.graph == nullptr) {
    state.store.seal(sealed_keys.view, nullptr, first_id, executor);
    return;
  }
  const Graph graph = make_segment_graph(sealed_keys.view, queries, state.index->metric(),
                                         state.segment_params(count, queries.rows), executor);
  state.store.seal(sealed_keys.view, &graph, first_id, executor);
}

void SealedIndex::merge(const SplitRows& keys, MatrixView queries, Executor& executor) {
  const std::size_t begin = merge_begin();
  const std::size_t end = sealed();
  if (begin == end || (walks() && !enough_to_link(queries.rows, end - begin))) return;
  SealedIndex merged(*this);
  merged.truncate(begin);
  merged.seal(keys, end, queries, executor);
  state_ = std::move(merged.state_);
}

std::size_t SealedIndex::base_size() const noexcept { return state_->base_visible; }
std::size_t SealedIndex::sealed() const noexcept { return state_->base_visible + state_->store.view().sealed; }
std::size_t SealedIndex::merge_begin() const {
  return state_->base_visible + rattan::merge_begin(0, state_->store.segment_ends());
}
bool SealedIndex::walks() const noexcept { return state_->base.graph != nullptr; }
const Index& SealedIndex::base() const noexcept { return *state_->index; }
MemoryUse SealedIndex::memory() const { return state_->store.memory(); }
std::size_t SealedIndex::sealed_bytes() const noexcept { return state_->store.sealed_bytes(); }

std::size_t SealedIndex::segment_bytes(std::size_t end) const noexcept {
  const std::size_t rows = end - std::min(end, sealed());
  return state_->store.segment_bytes(rows, std::min<std::size_t>(rows, state_->params.segment_entry_points));
}

SearchStats SealedIndex::search(const SplitRows& keys, MatrixView queries, const SearchParams& params,
                                Scratch& scratch) const {
  const State& state = *state_;
  const GrowthStore::View now = state.store.view();
  const std::size_t base_rows = state.index->size();
  const auto size = static_cast<KeyId>(keys.rows());
  // A seal may have taken keys since these were counted: its edges lead there, so they are there for a walk.
  SplitRows walked = keys;
  walked.grown.rows += std::max(keys.rows(), sealed()) - keys.rows();
  if (state.gap() != 0) state.put_back(walked);
  SearchParams inner = params;
  state.base.width.apply(params.k, inner);
  const KeyId end = std::min(params.candidate_range.end, size);
  inner.candidate_range = {state.row_of(std::min(params.candidate_range.begin, end)),
                           end == 0 ? 0 : state.row_of(end - 1) + 1};
  scratch.start_keys.clear();
  const auto sealed = static_cast<KeyId>(state.base_visible + now.sealed);
  for (const KeyId key : params.start_keys) {
    if (key < sealed) scratch.start_keys.push_back(state.row_of(key));
  }
  inner.start_keys = scratch.start_keys;

  SearchRows rows(Scorer(walked, state.index->metric()));
  rows.sealed = base_rows + now.sealed;
  rows.capacity = state.params.capacity;
  rows.hidden = {static_cast<KeyId>(state.base_visible), static_cast<KeyId>(base_rows)};
  if (state.base.graph != nullptr) {
    rows.graph.emplace(*state.base.graph, state.store.slots(now.sealed), state.store.entry_points(now.entry_points));
  }
  if (state.base.codes != nullptr) rows.codes.emplace(*state.base.codes, state.store.codes(), now.code_parts);
  SearchStats stats;
  if (params.k != 0) stats = RowSearch(rows, inner).run(queries, scratch);
  scratch.counts.assign(queries.rows, 0);
  scratch.ids.resize(queries.rows * params.k);
  scratch.scores.resize(queries.rows * params.k);
  for (std::size_t row = 0; row < queries.rows && params.k != 0; ++row) {
    const auto best = scratch.found[row].sorted();
    scratch.counts[row] = best.size();
    for (std::size_t i = 0; i < best.size(); ++i) {
      scratch.ids[row * params.k + i] = state.id_of(best[i].id);
      scratch.scores[row * params.k + i] = best[i].score;
    }
  }
  scratch.k = params.k;
  return stats;
}

std::unique_ptr<SealedIndex::Scratch, void (*)(SealedIndex::Scratch*)> SealedIndex::make_scratch() {
  return {new Scratch, [](Scratch* scratch) { delete scratch; }};
}

SealedIndex::Found SealedIndex::results(Scratch& scratch, std::size_t row) {
  const std::size_t first = row * scratch.k;
  return {std::span<const KeyId>(scratch.ids).subspan(first, scratch.counts[row]),
          std::span<const float>(scratch.scores).subspan(first, scratch.counts[row])};
}

}  // namespace rattan
