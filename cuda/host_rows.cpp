#include "host_rows.h"

#include <algorithm>
#include <cstring>

#include "core/huge_pages.h"
#include "core/parallel.h"

namespace rattan::cuda {
namespace {

constexpr std::size_t block_rows = 1024;

}  // namespace

void gather_rows(Executor& executor, const MatrixView& from, std::span<const std::size_t> order, std::byte* to) {
  const std::size_t bytes = from.row_bytes();
  parallel_blocks(executor, order.size(), block_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) std::memcpy(to + i * bytes, from.row(order[i]), bytes);
  });
}

void scatter_rows(Executor& executor, std::span<const std::size_t> order, const KeyId* ids, const float* scores,
                  NeighborTable& table) {
  const std::size_t k = table.k();
  parallel_blocks(executor, order.size(), block_rows, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      std::copy_n(ids + i * k, k, table.ids(order[i]).begin());
      std::copy_n(scores + i * k, k, table.scores(order[i]).begin());
    }
  });
}

void touch_table(Executor& executor, NeighborTable& table) {
  static_assert(sizeof(KeyId) == sizeof(float));
  constexpr std::size_t step = 4096 / sizeof(KeyId);  // a small page, where the system gives no huge ones
  KeyId* ids = table.ids(0).data();
  float* scores = table.scores(0).data();
  parallel_blocks(executor, table.rows() * table.k(), huge_page / sizeof(KeyId),
                  [&](std::size_t begin, std::size_t end, unsigned) {
                    for (std::size_t i = begin; i < end; i += step) ids[i] = no_key;
                    for (std::size_t i = begin; i < end; i += step) scores[i] = 0;
                  });
}

}  // namespace rattan::cuda
