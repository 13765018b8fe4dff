// Heads as models have them, on the device and on the CPU: ids are the same, ties apart. The slice of the trained
// model in the source tree, synthetic heads, and, where RATTAN_DATA names one, a dump.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "datasets/synthetic.h"
#include "tests/cuda/device_test.h"
#include "tests/support/files.h"

namespace rattan {
namespace {

using CudaTrained = test::CudaDevice;

// f32 heads are not the device's; every such value is then rounded to bf16.
SharedMatrix two_bytes(const SharedMatrix& matrix) {
  if (matrix.view.dtype != DType::f32) return matrix;
  std::vector<float> values;
  for (std::size_t row = 0; row < matrix.view.rows; ++row) {
    const std::vector<double> row_values = test::row_values(matrix.view, row);
    for (const double value : row_values) values.push_back(static_cast<float>(value));
  }
  return test::make_matrix(values, matrix.view.rows, matrix.view.cols, DType::bf16);
}

// Every query head's prefill rows over the prefill's keys, with and without causality.
void expect_same_links(const datasets::KvGroup& group, const std::string& name) {
  const auto exact = make_exact_topk_cuda();
  const auto cpu = make_exact_topk_cpu();
  const SharedMatrix keys = two_bytes(group.keys);
  const MatrixView prefill = keys.view.slice(0, group.prefill);
  std::size_t different = 0;
  std::size_t all = 0;
  for (const SharedMatrix& stored : group.prefill_queries) {
    const SharedMatrix whole = two_bytes(stored);
    const std::size_t step = std::max<std::size_t>(1, whole.view.rows / 1024);  // the double reference is slow
    const MatrixView queries = whole.view.every(step);
    std::vector<std::int64_t> positions;
    for (std::size_t row = 0; row < whole.view.rows; row += step) positions.push_back(group.prefill_positions.at(row));
    for (const bool causal : {false, true}) {
      Visibility visible{.range = {128, no_key}, .positions = {}, .recent = 0};
      if (causal) visible.positions = positions;
      SCOPED_TRACE(name + (causal ? " causal" : " all visible"));
      const NeighborTable found = exact->find(queries, prefill, 100, Metric::inner_product, visible);
      const NeighborTable truth = cpu->find(queries, prefill, 100, Metric::inner_product, visible);
      test::expect_neighbors(found, truth, queries, prefill, test::tie_bound(queries, prefill));
      for (std::size_t row = 0; row < found.rows(); ++row) {
        for (std::size_t i = 0; i < 100; ++i) different += found.ids(row)[i] != truth.ids(row)[i] ? 1U : 0U;
      }
      all += found.rows() * 100;
    }
  }
  std::cout << name << ": " << different << " of " << all << " ids stand elsewhere, all of them ties\n";
}

TEST_F(CudaTrained, Slice) { expect_same_links(datasets::QkvDump::open(test::trained_slice()).group(3, 0), "slice"); }

TEST_F(CudaTrained, SyntheticHeads) {
  const datasets::SyntheticParams params = datasets::parse_synthetic("n=16384,d=128,group=2,heads=1,seed=1");
  expect_same_links(datasets::make_synthetic(params, 0, nullptr), "synthetic");
}

TEST_F(CudaTrained, Dump) {
  const auto folder = test::shared_dump();
  if (!folder) GTEST_SKIP() << "no dump: RATTAN_DATA names none";
  const datasets::QkvDump dump = datasets::QkvDump::open(*folder);
  for (const int layer : dump.layers()) {
    for (std::size_t head = 0; head < dump.kv_heads(layer); ++head) {
      expect_same_links(dump.group(layer, static_cast<int>(head)),
                        "layer " + std::to_string(layer) + ", KV head " + std::to_string(head));
    }
  }
}

}  // namespace
}  // namespace rattan
