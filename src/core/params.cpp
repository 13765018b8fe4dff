#include "rattan/params.h"

#include "core/check.h"

namespace rattan {

void SearchParams::validate() const {
  check_range<std::uint32_t>("SearchParams::k", k, 0, 1U << 20);
  check_range<std::uint32_t>("SearchParams::group", group, 1, 1U << 15);
  if (beam_width) check_range<std::uint32_t>("SearchParams::beam_width", *beam_width, 1, 1U << 24);
  if (expansions) check_range<std::uint32_t>("SearchParams::expansions", *expansions, 1, 1U << 24);
  if (rerank) check_range<std::uint32_t>("SearchParams::rerank", *rerank, 0, 1U << 24);
  if (probes) check_range<std::uint32_t>("SearchParams::probes", *probes, 1, 1U << 24);
  if (!row_widths.empty() && row_widths.size() != group) {
    fail(ErrorCode::invalid_argument, "SearchParams::row_widths has ", row_widths.size(), " factors, allowed are ",
         group, " (SearchParams::group) or none");
  }
  for (const float factor : row_widths) check_range("SearchParams::row_widths", factor, 1.0F / 16, 16.0F);
  if (candidate_range.begin > candidate_range.end) {
    fail(ErrorCode::invalid_argument, "SearchParams::candidate_range begins at ", candidate_range.begin,
         " and ends at ", candidate_range.end, ", allowed is begin <= end");
  }
}

void GraphBuildParams::validate() const {
  check_range<std::uint32_t>("GraphBuildParams::max_degree", max_degree, 2, 1024);
  check_range<std::uint32_t>("GraphBuildParams::oversampling", oversampling, 1, 16);
  check_range<std::uint32_t>("GraphBuildParams::entry_points", entry_points, 1, 4096);
  if (code_bits != 0 && code_bits != 4 && code_bits != 8) {
    fail(ErrorCode::invalid_argument, "GraphBuildParams::code_bits is ", code_bits, ", allowed is 0, 4 or 8");
  }
}

void AutoBuildParams::validate() const {
  check_range<std::uint32_t>("AutoBuildParams::k", k, 1, 1U << 20);
  check_range<std::uint32_t>("AutoBuildParams::group", group, 1, 1U << 15);
  if (!(recall > 0 && recall <= 1)) {
    fail(ErrorCode::invalid_argument, "AutoBuildParams::recall is ", recall, ", allowed is above 0 to 1");
  }
  graph.validate();
}

void IvfBuildParams::validate() const {
  check_range<std::uint32_t>("IvfBuildParams::lists", lists, 0, 1U << 24);
  check_range<std::uint32_t>("IvfBuildParams::iterations", iterations, 1, 1000);
}

void HnswBuildParams::validate() const {
  check_range<std::uint32_t>("HnswBuildParams::max_degree", max_degree, 2, 512);
  check_range<std::uint32_t>("HnswBuildParams::build_beam", build_beam, 1, 1U << 20);
}

}  // namespace rattan
