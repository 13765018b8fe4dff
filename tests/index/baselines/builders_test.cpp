// Both builds without FAISS and hnswlib: the halves that others do are done here, by the simplest means.
#include "index/baselines/builders.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

std::vector<float> first_rows(const float* sample, std::size_t, std::size_t dim, std::uint32_t lists,
                              const IvfBuildParams&, const ExactTopK&) {
  return {sample, sample + lists * dim};
}

std::vector<float> refuse(const float*, std::size_t, std::size_t, std::uint32_t, const IvfBuildParams&,
                          const ExactTopK&) {
  throw Error(ErrorCode::unsupported, "nobody trains");
}

// Every key leads to its eight nearest and to the next one, on one level.
class Nearest final : public detail::HnswLinks {
 public:
  Nearest(std::size_t keys, const detail::KeyDistance& distance) : keys_(keys), distance_(distance) {}
  KeyId entry() const override { return 0; }
  std::uint32_t level(KeyId) const override { return 0; }
  void links(KeyId key, std::uint32_t, std::vector<KeyId>& into) const override {
    std::vector<std::pair<float, KeyId>> others;
    for (KeyId id = 0; id < keys_; ++id) {
      if (id != key) others.emplace_back(distance_.between(key, id), id);
    }
    std::sort(others.begin(), others.end());
    into.push_back(static_cast<KeyId>((key + 1) % keys_));
    for (std::size_t i = 0; into.size() < 9; ++i) {
      if (others[i].second != into.front()) into.push_back(others[i].second);
    }
  }

 private:
  std::size_t keys_;
  const detail::KeyDistance& distance_;
};

std::unique_ptr<detail::HnswLinks> link_nearest(std::span<const KeyId> order, const detail::KeyDistance& distance,
                                                const HnswBuildParams&) {
  return std::make_unique<Nearest>(order.size(), distance);
}

void expect_truth(const Index& index, const MatrixView& queries, const SearchParams& params) {
  const NeighborTable truth = test::reference_topk(queries, index.keys(), params.k, index.metric());
  test::expect_neighbors(index.search(queries, params), truth, queries, index.keys(), 1e-4, index.metric());
}

TEST(Builders, AnyTrainerMakesAnIvf) {
  const SharedMatrix keys = random_matrix(300, 8, 1);
  IvfBuildParams params;
  params.lists = 7;
  BuildStats stats;
  const auto index = detail::build_ivf(keys, Metric::l2, params, first_rows, &stats);
  EXPECT_EQ(index->kind(), "ivf");
  EXPECT_NE(index->describe().find("lists: 7\n"), std::string::npos);
  EXPECT_EQ(stats.stages.size(), 2U);
  SearchParams all;
  all.k = 10;
  all.probes = 7;
  expect_truth(*index, random_matrix(5, 8, 2).view, all);
}

TEST(Builders, AnyInsertionMakesAnHnsw) {
  const SharedMatrix keys = random_matrix(300, 8, 1);
  BuildStats stats;
  const auto index = detail::build_hnsw(keys, Metric::l2, HnswBuildParams{}, link_nearest, &stats);
  EXPECT_EQ(index->kind(), "hnsw");
  ASSERT_EQ(stats.stages.size(), 1U);
  EXPECT_EQ(stats.stages[0].first, "insert");
  SearchParams wide;
  wide.k = 10;
  wide.beam_width = 300;
  expect_truth(*index, random_matrix(5, 8, 2).view, wide);
}

TEST(Builders, ParametersAreValidatedAndKeysCheckedBeforeAnybodyIsAsked) {
  IvfBuildParams params;
  params.iterations = 0;
  test::expect_error(ErrorCode::invalid_argument, "iterations",
                     [&] { detail::build_ivf(random_matrix(4, 4, 1), Metric::l2, params, refuse, nullptr); });
  const SharedMatrix none(MatrixView(nullptr, DType::f32, 5, 4));
  test::expect_error(ErrorCode::invalid_argument, "keys",
                     [&] { detail::build_ivf(none, Metric::l2, IvfBuildParams{}, refuse, nullptr); });
  test::expect_error(ErrorCode::unsupported, "nobody trains",
                     [&] { detail::build_ivf(random_matrix(4, 4, 1), Metric::l2, IvfBuildParams{}, refuse, nullptr); });
}

}  // namespace
}  // namespace rattan
