// Exact top-k keys of many queries: training links and ground truth. One interface, one implementation per device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/results.h"
#include "rattan/types.h"

namespace rattan {
class CheckedMatrix;  // src/scan/checked_matrix.h
}  // namespace rattan

#pragma GCC visibility push(default)

namespace rattan {

// Which keys a query row may return. Sinks and window, which `range` and `recent` leave out, would be all first links.
struct Visibility {
  IdRange range;  // keys outside are never returned
  // Empty: every row sees all of `range`. Else one position per query row (causal): row i sees only the keys with
  // id + recent <= positions[i].
  std::span<const std::int64_t> positions;
  std::uint32_t recent = 0;
};

class ExactTopK {
 public:
  virtual ~ExactTopK() = default;

  // The k keys of highest score for each query row, sorted by score, ties to the smaller id. k > n: rows end in no_key.
  // Products are accumulated in fp32; scores that overflow to NaN are left out. On the CPU scores are bit for bit those
  // of a scan with the row kernels (simd/kernels.h) on fp32 queries, for any number of threads.
  // Requires: queries: [rows, d], keys: [n, d], any dtypes.
  // Throws: Error(invalid_argument) for disagreeing dims, a positions span of the wrong length, NaN or infinity.
  virtual NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                             const Visibility& visible = {}) const = 0;

  // The same into a table whose memory is used again where rows and k agree: getting that of a long context's links
  // from the system takes longer than filling it. After an exception the table holds anything.
  virtual void find_into(NeighborTable& table, MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                         const Visibility& visible = {}) const {
    table = find(queries, keys, k, metric, visible);
  }

  // For the library: find_into() of matrices that were checked already. Where it is not overridden they are once more.
  virtual void find_checked(NeighborTable& table, const CheckedMatrix& queries, const CheckedMatrix& keys,
                            std::uint32_t k, Metric metric, const Visibility& visible = {}) const;
};

// Tiles of queries x keys through a packed fp32 product, with the selection beside it. executor null: the default one.
std::unique_ptr<ExactTopK> make_exact_topk_cpu(Executor* executor = nullptr);

struct CudaOptions {
  int device = 0;
  std::size_t memory_limit = 0;  // bytes of device memory a search may hold; 0: three quarters of what is free
  void* stream = nullptr;        // a cudaStream_t kernels run in, and copies in order with them; null: one of its own
  Executor* executor = nullptr;  // of the work left to the CPU; null: the default one
};

// Exact top-k on a CUDA device. Queries and keys may lie in host memory (pageable or pinned) or on the device; work is
// cut to the memory limit. Keys and queries of one 2-byte type, up to 256 columns, inner product and k up to 1,024 run
// on the tensor cores. Scores are then sums in fp32 in another order than the CPU's, so ids agree with
// make_exact_topk_cpu() but for keys whose scores differ by less than the rounding of both (cuda/README.md states the
// bound). Everything else in host memory goes to the CPU.
// Throws: Error(unsupported) where cuda_available() is false, and of find() for everything else on the device;
// Error(no_memory) of find(), which may be called again.
// Threads: searches of one object run one after the other.
std::unique_ptr<ExactTopK> make_exact_topk_cuda(const CudaOptions& options = {});

// True where this build has CUDA code and a usable device; else false, and `why` (if given) says what is missing.
bool cuda_available(std::string* why = nullptr);

}  // namespace rattan

#pragma GCC visibility pop
