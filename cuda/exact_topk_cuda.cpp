#include <algorithm>
#include <mutex>

#include "core/check.h"
#include "core/parallel.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"
#include "scan/visible_rows.h"
#include "search.h"

namespace rattan {
namespace {

class CudaExactTopK final : public ExactTopK {
 public:
  explicit CudaExactTopK(const CudaOptions& options)
      : options_(options),
        pool_(options.device),
        stream_(options.stream),
        upload_(nullptr),
        download_(nullptr),
        cpu_(make_exact_topk_cpu(options.executor)) {
    int major = 0;
    int minor = 0;
    cuda::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, options.device), "device");
    cuda::check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, options.device), "device");
    cuda::check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, options.device), "device");
    hopper_ = major == 9 && minor == 0;
  }

  NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                     const Visibility& visible) const override {
    NeighborTable table;
    find_into(table, queries, keys, k, metric, visible);
    return table;
  }

  void find_into(NeighborTable& table, MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                 const Visibility& visible) const override {
    search(table, queries, keys, k, metric, visible, false);
  }

  void find_checked(NeighborTable& table, const CheckedMatrix& queries, const CheckedMatrix& keys, std::uint32_t k,
                    Metric metric, const Visibility& visible) const override {
    search(table, queries.view(), keys.view(), k, metric, visible, true);
  }

 private:
  // checked: elements in host memory are finite.
  void search(NeighborTable& table, const MatrixView& queries, const MatrixView& keys, std::uint32_t k, Metric metric,
              const Visibility& visible, bool checked) const {
    const bool query_device = cuda::on_device(queries.data);
    const bool key_device = cuda::on_device(keys.data);
    if (!fits(queries, keys, k, metric)) {
      if (query_device || key_device) {
        fail(ErrorCode::unsupported,
             "exact top-k of matrices in device memory: allowed are queries and keys of one "
             "2-byte type, 1 to 256 columns, inner product and k of 1 to ",
             cuda::most_k);
      }
      search_on_cpu(table, queries, keys, k, metric, visible, checked);
      return;
    }
    Executor& executor = executor_or_default(options_.executor);
    if (!checked && !query_device) check_finite(queries, "queries", executor);
    if (!checked && !key_device) check_finite(keys, "keys", executor);
    const VisibleRows rows = visible_rows(visible, queries.rows, keys.rows, executor);
    if (rows.order.empty() || rows.counts[rows.order.front()] == 0) {
      table = NeighborTable(queries.rows, k);
      return;
    }
    const bool used_again = table.rows() == queries.rows && table.k() == k;
    if (!used_again) {
      table = {};  // its memory goes back before more is asked for
      table = NeighborTable::unfilled(queries.rows, k);
    }
    table.stats.clear();
    if (run(queries, keys, k, rows, {table, !used_again})) return;
    if (query_device || key_device) {
      fail(ErrorCode::unsupported, "exact top-k of matrices in device memory: products may overflow fp32");
    }
    search_on_cpu(table, queries, keys, k, metric, visible, true);
  }

  void search_on_cpu(NeighborTable& table, const MatrixView& queries, const MatrixView& keys, std::uint32_t k,
                     Metric metric, const Visibility& visible, bool checked) const {
    if (checked) {
      cpu_->find_checked(table, CheckedMatrix::trusted(queries), CheckedMatrix::trusted(keys), k, metric, visible);
    } else {
      table = cpu_->find(queries, keys, k, metric, visible);
    }
  }

  static bool fits(const MatrixView& queries, const MatrixView& keys, std::uint32_t k, Metric metric) {
    return metric == Metric::inner_product && queries.dtype == keys.dtype && keys.dtype != DType::f32 &&
           queries.cols == keys.cols && keys.cols >= 1 && keys.cols <= 256 && k >= 1 && k <= cuda::most_k &&
           keys.rows >= 1 && keys.rows < no_key / 2 && queries.rows >= 1 && queries.rows < no_key;
  }

  bool run(MatrixView queries, MatrixView keys, std::uint32_t k, const VisibleRows& rows, cuda::Target target) const {
    const std::lock_guard lock(mutex_);
    const cuda::DeviceScope scope(options_.device);
    std::size_t limit = options_.memory_limit;
    if (limit == 0) {
      std::size_t free = 0;
      std::size_t total = 0;
      cuda::check(cudaMemGetInfo(&free, &total), "free memory");
      limit = (free + pool_.reserved()) / 4 * 3;
    }
    const cuda::SearchContext context{pool_,
                                      stream_.get(),
                                      upload_.get(),
                                      download_.get(),
                                      limit,
                                      hopper_,
                                      static_cast<std::uint32_t>(multiprocessors_),
                                      slots_,
                                      executor_or_default(options_.executor)};
    try {
      return cuda::search(context, queries, keys, k, rows, target);
    } catch (const Error&) {
      pool_.trim();  // memory kept for the next search may be what others lack
      throw;
    }
  }

  CudaOptions options_;
  mutable cuda::DevicePool pool_;
  cuda::Stream stream_;
  cuda::Stream upload_;
  cuda::Stream download_;
  mutable cuda::HostSlot slots_[cuda::chunk_slots];
  std::unique_ptr<ExactTopK> cpu_;
  int multiprocessors_ = 0;
  bool hopper_ = false;
  mutable std::mutex mutex_;
};

}  // namespace

std::unique_ptr<ExactTopK> make_exact_topk_cuda(const CudaOptions& options) {
  std::string why;
  if (!cuda_available(&why)) fail(ErrorCode::unsupported, "exact top-k on a GPU: ", why);
  const cuda::DeviceScope scope(options.device);
  return std::make_unique<CudaExactTopK>(options);
}

}  // namespace rattan
