// Every kind of index this build can make, and one that is added to them (added_kind.h), behind one way to build it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "rattan/index.h"

namespace rattan::test {

struct Kind {
  std::string name;

  // Finds the truth whatever the parameters say.
  bool exact;

  // The same bytes for any number of build threads.
  bool same_bytes;

  // The build measures time, and what it measured is in the file.
  bool timed;

  // With the kind's default parameters, `executor` null as everywhere.
  std::function<std::unique_ptr<Index>(SharedMatrix keys, Metric metric, Executor* executor)> build;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind);

// Those of index_kinds() and baseline_kinds().
const std::vector<Kind>& kinds();

// All keys scored, in every kind that reaches them all.
SearchParams widest(std::uint32_t k, std::uint32_t group = 1);

class EveryKind : public ::testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Index> build(SharedMatrix keys, Metric metric = Metric::inner_product,
                               Executor* executor = nullptr) const {
    return GetParam().build(std::move(keys), metric, executor);
  }
};

// Fails the calling test unless every row is sorted, has no id twice, none outside of `keys` and
// params.candidate_range, no NaN, true scores, and ends in (no_key, -infinity).
void expect_valid(const NeighborTable& found, const Index& index, const MatrixView& queries,
                  const SearchParams& params);

#define RATTAN_FOR_EVERY_KIND(Suite) \
  INSTANTIATE_TEST_SUITE_P(Kinds, Suite, ::testing::ValuesIn(kinds()), [](const auto& test) { return test.param.name; })

}  // namespace rattan::test
