#include "bench/context/attend_retrieval.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/inputs/usage_error.h"
#include "core/parallel.h"

namespace rattan::bench {
namespace {

// The first k neighbours of some rows.
NeighborTable first_of(const NeighborTable& table, std::span<const std::size_t> rows, std::uint32_t k) {
  NeighborTable first(rows.size(), k);
  const std::size_t count = std::min<std::size_t>(k, table.k());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(table.ids(rows[i]).first(count), first.ids(i).begin());
    std::ranges::copy(table.scores(rows[i]).first(count), first.scores(i).begin());
  }
  return first;
}

NeighborTable first_of(const NeighborTable& table, std::uint32_t k) {
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return first_of(table, rows, k);
}

}  // namespace

AttendRetrieval::AttendRetrieval(const HeadProblem& problem, const std::string& index, std::uint32_t width,
                                 const BuildOptions& options, const ExactTopK& exact, Executor& executor)
    : problem_(problem), executor_(executor) {
  if (index == "exact") return;
  setup_.variant = parse_variants(index).front();
  setup_.setting = width;
  if (!is_available(setup_.variant)) {
    throw UsageError("--index " + index + ": this build of the library does not have it");
  }
  built_ = std::move(build_indexes(setup_.variant.build, problem, options, exact).front());
}

HeadProblem AttendRetrieval::problem_at(std::uint32_t k) const {
  HeadProblem problem = problem_;
  problem.k = k;
  problem.truth = first_of(problem_.truth, k);
  return problem;
}

SearchSetup AttendRetrieval::setup_for(std::uint32_t k) const {
  SearchSetup setup = setup_;
  if (setup.setting == 0) {
    setup.setting = setup.variant.knob().param == probes_knob.param ? std::max(1U, built_.max_setting / 16) : 2 * k;
  }
  return setup;
}

const NeighborTable& AttendRetrieval::all(std::uint32_t k) {
  if (all_.rows() != 0 && all_.k() == k) return all_;
  const HeadProblem problem = problem_at(k);
  all_ = searches() ? search_all_steps(*built_.index, problem, setup_for(k), executor_) : problem.truth;
  return all_;
}

Evaluation AttendRetrieval::evaluation(std::uint32_t k) { return evaluate(all(k), problem_at(k), 0); }

NeighborTable AttendRetrieval::of_rows(std::span<const std::size_t> rows, std::uint32_t k) const {
  if (!searches()) return first_of(problem_.truth, rows, k);
  if (all_.rows() != 0 && all_.k() == k) return first_of(all_, rows, k);
  const MatrixView& queries = problem_.queries.view;
  std::vector<std::byte> asked(rows.size() * queries.row_bytes());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(asked.data() + i * queries.row_bytes(), queries.row(rows[i]), queries.row_bytes());
  }
  SearchParams params = search_params(setup_for(k), problem_);
  params.k = k;
  if (setup_.variant.group) params.group = static_cast<std::uint32_t>(rows.size());
  return built_.index->search({asked.data(), queries.dtype, rows.size(), queries.cols}, params);
}

}  // namespace rattan::bench
