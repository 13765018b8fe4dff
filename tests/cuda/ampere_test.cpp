// The kernels for compute capability 8.0 and above run on Hopper, too, where nothing else would try them.
#include <cstdint>
#include <vector>

#include "cuda/search.h"
#include "tests/cuda/device_test.h"

namespace rattan {
namespace {

using CudaAmpere = test::CudaDevice;

// As CudaExactTopK has it, but for the choice of kernels.
struct Searcher {
  NeighborTable find(const MatrixView& queries, const MatrixView& keys, std::uint32_t k, const Visibility& visible) {
    const VisibleRows rows = visible_rows(visible, queries.rows, keys.rows);
    NeighborTable table = NeighborTable::unfilled(queries.rows, k);
    const cuda::SearchContext context{pool,  stream.get(), upload.get(), download.get(),    std::size_t{4} << 30U,
                                      false, 132,          slots,        default_executor()};
    EXPECT_TRUE(cuda::search(context, queries, keys, k, rows, {table, true}));
    return table;
  }

  cuda::DevicePool pool{0};
  cuda::Stream stream{nullptr};
  cuda::Stream upload{nullptr};
  cuda::Stream download{nullptr};
  cuda::HostSlot slots[cuda::chunk_slots];
};

TEST_F(CudaAmpere, AgreesWithTheCpu) {
  Searcher searcher;
  for (const DType type : {DType::bf16, DType::f16}) {
    for (const std::size_t dim : {32U, 64U, 100U, 128U, 192U, 256U}) {
      const SharedMatrix queries = test::random_matrix(500, dim, dim, type);
      for (const std::size_t n : {1U, 129U, 1500U, 20011U}) {
        const SharedMatrix keys = test::random_matrix(n, dim, dim + n, type);
        std::vector<std::int64_t> positions;
        for (std::size_t i = 0; i < 500; ++i) positions.push_back(static_cast<std::int64_t>(i * n / 490));
        for (const bool causal : {false, true}) {
          Visibility visible;
          if (causal) visible.positions = positions;
          const std::uint32_t k = dim == 64 ? 600 : causal ? 100 : 30;
          SCOPED_TRACE(std::string(to_string(type)) + " dim " + std::to_string(dim) + " n " + std::to_string(n));
          const NeighborTable truth =
              make_exact_topk_cpu()->find(queries.view, keys.view, k, Metric::inner_product, visible);
          test::expect_neighbors(searcher.find(queries.view, keys.view, k, visible), truth, queries.view, keys.view,
                                 test::tie_bound(queries.view, keys.view));
        }
      }
    }
  }
}

}  // namespace
}  // namespace rattan
