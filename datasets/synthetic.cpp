#include "datasets/synthetic.h"

#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "core/check.h"
#include "core/half.h"
#include "core/parallel.h"
#include "datasets/synthetic_head.h"

namespace rattan::datasets {
namespace {

constexpr std::size_t block = 128;

void store_row(const std::vector<float>& row, DType dtype, std::byte* out) {
  if (dtype == DType::f32) {
    std::memcpy(out, row.data(), row.size() * sizeof(float));
    return;
  }
  for (std::size_t c = 0; c < row.size(); ++c) {
    const std::uint16_t half = dtype == DType::f16 ? to_f16(row[c]) : to_bf16(row[c]);
    std::memcpy(out + c * sizeof half, &half, sizeof half);
  }
}

// rows x dim of `dtype`; make_row(i, out) writes row i as fp32.
template <typename MakeRow>
SharedMatrix make_matrix(std::size_t rows, std::size_t dim, DType dtype, Executor& executor, const MakeRow& make_row) {
  const std::size_t row_bytes = dim * dtype_size(dtype);
  const std::shared_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[rows * row_bytes]);
  if (!bytes) {
    fail(ErrorCode::no_memory, "synthetic: ", rows, " rows of ", row_bytes, " bytes do not fit into memory");
  }
  parallel_blocks(executor, rows, block, [&](auto begin, auto end, unsigned) {
    std::vector<float> row(dim);
    for (std::size_t i = begin; i < end; ++i) {
      make_row(i, row.data());
      store_row(row, dtype, bytes.get() + i * row_bytes);
    }
  });
  return {MatrixView(bytes.get(), dtype, rows, dim), bytes};
}

}  // namespace

KvGroup make_synthetic(const SyntheticParams& params, std::size_t head, Executor* executor) {
  params.validate();
  check_range<std::size_t>("synthetic: head", head, 0, params.heads - 1);
  Executor& runner = executor_or_default(executor);
  const SyntheticHead synthetic(params, head, runner);
  const std::size_t rows = params.keys + params.decode;
  const auto matrix = [&](std::size_t count, const auto& make_row) {
    return make_matrix(count, params.dim, params.dtype, runner, make_row);
  };

  KvGroup group;
  group.kv_head = static_cast<int>(head);
  group.prefill = params.keys;
  group.softmax_scale = 1 / std::sqrt(static_cast<double>(params.dim));
  group.source = "synthetic " + to_string(params);
  for (std::size_t position = 0; position < params.keys; position += params.query_step) {
    group.prefill_positions.push_back(static_cast<std::int64_t>(position));
  }
  for (std::size_t position = params.keys; position < rows; ++position) {
    group.decode_positions.push_back(static_cast<std::int64_t>(position));
  }
  group.keys = matrix(rows, [&](std::size_t i, float* out) { synthetic.key(i, out); });
  group.values = matrix(rows, [&](std::size_t i, float* out) { synthetic.value(i, out); });
  for (std::size_t h = 0; h < params.group; ++h) {
    group.prefill_queries.push_back(matrix(group.prefill_positions.size(), [&](std::size_t i, float* out) {
      synthetic.query(h, i * params.query_step, out);
    }));
    group.decode_queries.push_back(
        matrix(params.decode, [&](std::size_t i, float* out) { synthetic.query(h, params.keys + i, out); }));
  }
  return group;
}

}  // namespace rattan::datasets
