#include "tests/context/stress_cases.h"

namespace rattan::test {

ContextParams stress_params(std::size_t lifetime) {
  constexpr HeadKind kinds[] = {HeadKind::graph, HeadKind::scan4, HeadKind::flat};
  ContextParams params = small_window(kinds[lifetime % 3], stress_capacity);
  params.seal_after = stress_seal_after;
  params.background_seal = lifetime % 4 != 3;
  params.background_build = lifetime / 2 % 2 == 0;
  params.build_threads = lifetime % 3 == 0 ? 1 : 2;
  if (lifetime % 5 == 4) params.clusters = 0;
  if (lifetime % 7 == 6) params.executor = nullptr;
  if (lifetime % 11 == 10) params.sinks = params.recent = 0;
  params.budget.k = 20;
  return params;
}

std::vector<DecodeParams> ways_to_decode() {
  std::vector<DecodeParams> ways;
  for (const bool tail : {true, false}) {
    for (const double epsilon : {0.0, 0.02, 0.3}) {
      for (const std::uint32_t slices : {0U, 2U}) {
        DecodeParams& way = ways.emplace_back();
        way.budget = Budget{};
        way.budget->k = 20;
        way.budget->estimate_unread = tail;
        if (epsilon != 0) way.budget->epsilon = epsilon;
        way.slices = slices;
      }
    }
  }
  return ways;
}

}  // namespace rattan::test
