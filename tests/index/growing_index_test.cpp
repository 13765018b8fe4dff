#include "index/growing_index.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/index/growing_cases.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::expect_error;
using test::grown_base;
using test::growth_params;
using test::random_matrix;
using test::search_all;

SearchParams params_of(std::uint32_t k, IdRange candidates = {}) {
  SearchParams params;
  params.k = k;
  params.candidate_range = candidates;
  return params;
}

NeighborTable truth_of(const MatrixView& queries, const MatrixView& keys, std::uint32_t k, IdRange range = {},
                       Metric metric = Metric::inner_product) {
  return test::reference_topk(queries, keys, k, metric, {range, {}, 0});
}

class GrowingKinds : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, GrowingKinds, ::testing::Values("flat", "scan4", "graph"));

// Widths that reach every key leave nothing to the kind: base, segments and tail must then be searched as one.
TEST_P(GrowingKinds, WideEnoughItIsExactThroughoutItsGrowth) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = random_matrix(700, 20, 1, dtype);
    const SharedMatrix queries = random_matrix(5, 20, 2);
    GrowingIndex index(grown_base(GetParam(), keys, 300), growth_params(700));
    EXPECT_EQ(index.base_size(), 300U);
    for (std::size_t size = 300; size < 700; size += 80) {
      index.append(keys.view.slice(size, 80));
      index.keep_queries(queries.view);
      ASSERT_EQ(index.size(), size + 80);
      if (size > 400) index.seal(size + 17, serial_executor());
      EXPECT_GE(index.sealed() + 16, size > 400 ? size + 17 : 300);
      for (const IdRange range : {IdRange{}, IdRange{10, 450}, IdRange{320, 330}, IdRange{690, no_key}}) {
        SearchParams params = params_of(9, range);
        params.beam_width = 699;
        params.rerank = 699;
        const NeighborTable found = search_all(index, queries.view, params);
        const MatrixView visible = keys.view.slice(0, size + 80);
        test::expect_neighbors(found, truth_of(queries.view, visible, 9, range), queries.view, visible, 0.2);
      }
    }
  }
}

TEST_P(GrowingKinds, AnAppendedKeyIsFoundByTheNextSearch) {
  const SharedMatrix keys = random_matrix(2000, 16, 3);
  GrowingIndex index(grown_base(GetParam(), keys, 800), growth_params(2000));
  std::vector<float> key(16, 0.0F);
  for (std::size_t i = 0; i < 50; ++i) {
    key[i % 16] = 50.0F + static_cast<float>(i);
    const MatrixView row(key.data(), DType::f32, 1, 16);
    const auto id = static_cast<KeyId>(index.size());
    index.append(row);
    const NeighborTable found = search_all(index, row, params_of(3));
    EXPECT_EQ(found.ids(0)[0], id);
    if (i % 20 == 19) index.seal(index.size() - 3, serial_executor());
  }
}

TEST_P(GrowingKinds, TruncateThenAppendForgetsWhatWasThere) {
  const SharedMatrix keys = random_matrix(900, 12, 4);
  const SharedMatrix others = random_matrix(900, 12, 5);
  const SharedMatrix queries = random_matrix(4, 12, 6);
  GrowingIndex index(grown_base(GetParam(), keys, 400), growth_params(900));
  for (std::size_t i = 0; i < 3; ++i) {
    index.append(keys.view.slice(400 + 160 * i, 160));
    index.seal(index.size(), serial_executor());
  }
  // Inside the last segment, between segments, inside the base.
  for (const std::size_t size : {830U, 560U, 250U}) {
    index.truncate(size);
    EXPECT_EQ(index.size(), size);
    EXPECT_LE(index.sealed(), size);
    EXPECT_EQ(index.base_size(), std::min<std::size_t>(size, 400));
    index.append(others.view.slice(0, 40));
    EXPECT_EQ(index.size(), size + 40);
    for (const bool sealed : {false, true}) {
      if (sealed) index.seal(index.size(), serial_executor());
      std::vector<float> expected(keys.view.cols * (size + 40));
      const SharedMatrix visible = test::make_matrix(expected, size + 40, 12);
      for (std::size_t row = 0; row < size + 40; ++row) {
        for (std::size_t c = 0; c < 12; ++c) {
          const double value =
              row < size ? test::element(keys.view, row, c) : test::element(others.view, row - size, c);
          test::set_element(visible, row, c, static_cast<float>(value));
        }
      }
      SearchParams params = params_of(11);
      params.beam_width = 2000;
      params.rerank = 2000;
      test::expect_neighbors(search_all(index, queries.view, params), truth_of(queries.view, visible.view, 11),
                             queries.view, visible.view, 1e-4);
      params = params_of(5);
      params.beam_width = 60;
      params.rerank = 60;
      const NeighborTable found = search_all(index, queries.view, params);
      EXPECT_GE(test::recall_of(found, truth_of(queries.view, visible.view, 5)), 0.8);
      for (std::size_t row = 0; row < 4; ++row) {
        for (const KeyId id : found.ids(row).first(found.count(row))) EXPECT_LT(id, size + 40);
      }
      EXPECT_EQ(index.keys().rows(), size + 40);
    }
    index.truncate(size);
  }
}

TEST_P(GrowingKinds, BadInputIsRefusedAndChangesNothing) {
  const SharedMatrix keys = random_matrix(120, 8, 7);
  const SharedMatrix queries = random_matrix(3, 8, 8);
  GrowingIndex index(grown_base(GetParam(), keys, 100), growth_params(110));
  index.append(keys.view.slice(100, 4));
  const NeighborTable before = search_all(index, queries.view, params_of(20));
  const SharedMatrix bad = random_matrix(5, 8, 9);
  test::set_element(bad, 3, 2, std::numeric_limits<float>::quiet_NaN());
  expect_error(ErrorCode::invalid_argument, "keys: row 3, column 2", [&] { index.append(bad.view); });
  expect_error(ErrorCode::invalid_argument, "queries: row 3", [&] { index.keep_queries(bad.view); });
  expect_error(ErrorCode::invalid_argument, "capacity is 110", [&] { index.append(keys.view.slice(0, 7)); });
  expect_error(ErrorCode::invalid_argument, "dim 7", [&] { index.append(random_matrix(1, 7, 1).view); });
  expect_error(ErrorCode::invalid_argument, "f16", [&] { index.append(random_matrix(1, 8, 1, DType::f16).view); });
  expect_error(ErrorCode::invalid_argument, "dim 7", [&] { index.keep_queries(random_matrix(1, 7, 1).view); });
  expect_error(ErrorCode::invalid_argument, "end is 105", [&] { index.seal(105, serial_executor()); });
  EXPECT_EQ(index.size(), 104U);
  EXPECT_EQ(index.sealed(), 100U);
  EXPECT_EQ(search_all(index, queries.view, params_of(20)), before);
  index.append(keys.view.slice(104, 6));  // what fits still fits
  EXPECT_EQ(index.size(), 110U);
}

TEST_P(GrowingKinds, ABaseOfNoKeysGrows) {
  const SharedMatrix keys = random_matrix(300, 16, 10);
  const SharedMatrix queries = random_matrix(4, 16, 11);
  if (std::string_view(GetParam()) == "graph") return;  // a graph needs links
  GrowingIndex index(grown_base(GetParam(), keys, 0), growth_params(400));
  EXPECT_EQ(search_all(index, queries.view, params_of(3)).count(0), 0U);
  for (std::size_t size = 0; size < 300; size += 100) {
    index.append(keys.view.slice(size, 100));
    index.seal(index.size() - 10, serial_executor());
    const MatrixView visible = keys.view.slice(0, size + 100);
    test::expect_neighbors(search_all(index, queries.view, params_of(7)), truth_of(queries.view, visible, 7),
                           queries.view, visible, 1e-4);
  }
}

TEST(GrowingIndex, L2HasNoCodesAndIsSearchedAlike) {
  for (const char* kind : {"flat", "scan4", "graph"}) {
    const SharedMatrix keys = random_matrix(900, 12, 12);
    const SharedMatrix queries = random_matrix(8, 12, 13);
    GrowingIndex index(grown_base(kind, keys, 500, Metric::l2), growth_params(900));
    index.append(keys.view.slice(500, 400));
    index.seal(850, serial_executor());
    SearchParams params = params_of(10);
    params.beam_width = 150;
    const NeighborTable truth = truth_of(queries.view, keys.view, 10, {}, Metric::l2);
    EXPECT_GE(test::recall_of(search_all(index, queries.view, params), truth), 0.9) << kind;
  }
}

TEST(GrowingIndex, CountsTailCodesAndEntryPoints) {
  const SharedMatrix keys = random_matrix(1500, 64, 14, DType::bf16);
  const SharedMatrix queries = random_matrix(4, 64, 15);
  GrowingIndex flat(grown_base("flat", keys, 1000), growth_params(1500));
  flat.append(keys.view.slice(1000, 500));
  const SearchStats scanned = search_all(flat, queries.view, params_of(5, {200, 1400})).stats.front();
  EXPECT_EQ(scanned.keys_scored, 1200U);
  EXPECT_EQ(scanned.bytes_read, 1200U * 128);

  GrowingIndex scan(grown_base("scan4", keys, 1000), growth_params(1500));
  scan.append(keys.view.slice(1000, 500));
  scan.seal(1403, serial_executor());
  EXPECT_EQ(scan.sealed(), 1400U);  // whole segments of 16 codes
  const SearchStats codes = search_all(scan, queries.view, params_of(5)).stats.front();
  EXPECT_EQ(codes.codes_scored, 1400U);
  EXPECT_GE(codes.keys_scored, 100U + 35);
  EXPECT_EQ(codes.bytes_read, codes.code_bytes + codes.keys_scored * 128);

  GrowingIndex graph(grown_base("graph", keys, 1000), growth_params(1500));
  graph.append(keys.view.slice(1000, 500));
  const std::uint64_t tail = search_all(graph, queries.view, params_of(5)).stats.front().keys_scored;
  graph.seal(1500, serial_executor());
  const SearchStats walked = search_all(graph, queries.view, params_of(5)).stats.front();
  EXPECT_GE(tail, 500U);
  EXPECT_LT(walked.keys_scored, tail);
  EXPECT_GE(walked.codes_scored, 16U);
}

TEST(GrowingIndex, BeamsAreWiderBehindBlocks) {
  const SharedMatrix keys = random_matrix(3000, 16, 21);
  GrowthParams params = growth_params(3000);
  params.segment_entry_points = 128;
  GrowingIndex index(grown_base("graph", keys, 1000), params);
  const SharedMatrix query = random_matrix(1, 16, 22);
  SearchParams asked = params_of(10);
  asked.beam_width = 96;
  const auto expanded = [&] { return search_all(index, query.view, asked).stats.front().nodes_expanded; };
  EXPECT_GE(expanded(), 96U);
  index.append(keys.view.slice(1000, 1600));
  for (std::size_t end = 1400; end <= 2600; end += 400) index.seal(end, serial_executor());
  EXPECT_GE(expanded(), 96U + 96U * 512 / 3072) << "a walk ends when its whole beam is expanded";
}

TEST_P(GrowingKinds, BytesAreThoseOfItsMemory) {
  const SharedMatrix keys = random_matrix(900, 20, 16);
  GrowingIndex index(grown_base(GetParam(), keys, 300), growth_params(900));
  for (std::size_t size = 300; size < 900; size += 100) {
    index.append(keys.view.slice(size, 100));
    index.keep_queries(keys.view.slice(0, 10));
    const std::size_t key_bytes = (index.size() - index.base_size()) * index.keys().row_bytes();
    EXPECT_EQ(key_bytes + index.sealed_bytes() + index.recent_query_bytes(), index.memory().total());
    const std::size_t before = index.sealed_bytes();
    const std::size_t most = index.segment_bytes(size + 70);
    index.seal(size + 70, serial_executor());
    EXPECT_LE(index.sealed_bytes(), before + most);
    EXPECT_GE(index.sealed_bytes() + 512, before + most);  // whole segments of 16 codes of 32 bytes
  }
  EXPECT_EQ(index.segment_bytes(index.sealed()), 0U);
  index.keep_queries(keys.view.slice(0, 10));
  index.forget_queries();
  EXPECT_EQ(index.recent_query_bytes(), 0U);
  index.truncate(250);
  EXPECT_EQ(index.sealed_bytes(), 0U);
}

TEST(GrowingIndex, KindsWithoutBlocksAreRefused) {
  const SharedMatrix keys = random_matrix(50, 8, 16);
  expect_error(ErrorCode::invalid_argument, "base is null", [] { GrowingIndex(nullptr, {}); });
  expect_error(ErrorCode::invalid_argument, "capacity is 49",
               [&] { GrowingIndex(grown_base("flat", keys, 50), growth_params(49)); });
}

}  // namespace
}  // namespace rattan
