#include "context/head_build.h"

#include <algorithm>
#include <utility>

#include "context/head_kind.h"
#include "core/build_timer.h"
#include "core/grown_rows.h"
#include "index/choose_kind.h"

namespace rattan {
namespace {

// Of a head that was asked to have an index and was built with nothing to search.
constexpr std::size_t fewest_first_ids = 32;

}  // namespace

PreparedHead prepare_head(const HeadQueries& queries, const CheckedMatrix& keys, const CheckedMatrix& values,
                          const ContextParams& params, const HeadFit& fit, const ExactTopK& exact,
                          std::vector<NeighborTable> spent) {
  PreparedHead prepared;
  const IdRange indexed = indexed_rows(keys.rows(), params);
  BuildTimer timer(&prepared.stats);
  prepared.plan = plan_head(queries, keys, values, indexed, softmax_scale(params, keys.cols()), params);
  apply_fit(fit, prepared.plan);
  timer.stage("plan");
  if (!prepared.plan.wants_links) return prepared;
  const CheckedMatrix searched = keys.slice(indexed.begin, indexed.end - indexed.begin);
  prepared.links = make_links(queries, searched, params.links_k, params.link_queries, exact, std::move(spent));
  timer.stage("links");
  return prepared;
}

std::shared_ptr<HeadPrefix> build_head(const HeadRows& rows, const HeadQueries& queries, std::uint32_t group,
                                       const ContextParams& params, const HeadFit& fit, const ExactTopK& exact) {
  PreparedHead head = prepare_head(queries, rows.keys, rows.values, params, fit, exact);
  auto prefix = build_prefix(rows.keys, rows.values, std::move(head.plan), head.links, group, params, nullptr);
  apply_fit(fit, prefix->choice);
  return prefix;
}

std::shared_ptr<const HeadIndex> codes_alone(const CheckedMatrix& searched, const ContextParams& params) {
  ContextParams quick = params;
  quick.kind = static_cast<HeadKind>(contenders(false).back()->head_kind);
  ChosenIndex chosen = choose_index(searched, {}, {}, 1, quick, nullptr);
  chosen.choice.reason = "searched by codes, without clusters, until its index is built";
  auto codes = std::make_shared<HeadIndex>();
  codes->index = std::move(chosen.index);
  codes->choice = std::move(chosen.choice);
  return codes;
}

bool outgrown(std::size_t ids, std::size_t judged, const ContextParams& params, Outgrown part) noexcept {
  if (params.kind == HeadKind::flat) return false;
  const bool first = find_kind(params.kind) != nullptr && judged == 0;
  return ids >= (first ? fewest_first_ids : fewest_keys) &&
         ids - std::min(ids, judged) >= judged / static_cast<std::size_t>(part);
}

std::size_t evidence_positions(const ContextParams& params) noexcept {
  if (params.kind == HeadKind::flat || params.capacity < fewest_keys) return 0;
  return params.kept_queries;
}

std::shared_ptr<const HeadIndex> build_promoted(const SplitRows& keys, const SplitRows& values,
                                                const HeadQueries& queries, const ContextParams& params,
                                                const HeadFit& fit, const ExactTopK& exact) {
  const SharedMatrix all_keys = in_one_place(keys, 0, keys.rows());
  const SharedMatrix all_values = in_one_place(values, 0, values.rows());
  // What is built does not own them.
  const HeadRows rows{CheckedMatrix::trusted(all_keys.view), CheckedMatrix::trusted(all_values.view)};
  const auto group = static_cast<std::uint32_t>(std::max<std::size_t>(1, queries.heads.size()));
  const auto prefix = build_head(rows, queries, group, params, fit, exact);
  prefix->promoted = true;
  return std::make_shared<const HeadIndex>(std::move(static_cast<HeadIndex&>(*prefix)));
}

}  // namespace rattan
