#include "exact_topk.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "arrays.h"
#include "executors.h"
#include "tables.h"

namespace rattan::python {
namespace {

using Range = std::optional<std::pair<KeyId, KeyId>>;

// Rows in place.
nb::object to_numpy(const MatrixView& rows) {
  const std::size_t shape[] = {rows.rows, rows.cols};
  const std::int64_t strides[] = {static_cast<std::int64_t>(rows.row_stride), 1};
  nb::dlpack::dtype dtype = nb::dtype<std::uint16_t>();
  if (rows.dtype == DType::f32) dtype = nb::dtype<float>();
  if (rows.dtype == DType::f16) dtype.code = static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float);
  return nb::cast(nb::ndarray<nb::numpy, nb::ro>(rows.data, 2, shape, nb::none(), strides, dtype));
}

class CalledTopK final : public ExactTopK {
 public:
  explicit CalledTopK(nb::object call) : call_(std::move(call)) {}

  NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                     const Visibility& visible) const override {
    const nb::gil_scoped_acquire locked;
    if (metric != Metric::inner_product) {
      throw Error(ErrorCode::unsupported, "device: a callable finds keys of largest inner product only");
    }
    try {
      nb::object positions = nb::none();
      if (!visible.positions.empty()) {
        const std::size_t rows[] = {visible.positions.size()};
        positions = nb::cast(nb::ndarray<nb::numpy, const std::int64_t>(visible.positions.data(), 1, rows, nb::none()));
      }
      const std::size_t end = std::min<std::size_t>(visible.range.end, keys.rows);
      const nb::tuple found = nb::cast<nb::tuple>(call_(
          to_numpy(queries), to_numpy(keys), k, nb::make_tuple(visible.range.begin, end), positions, visible.recent));
      NeighborTable table = to_table(found, "device");
      if (table.rows() == queries.rows && table.k() == k) return table;
    } catch (nb::python_error& error) {
      throw Error(ErrorCode::unsupported, std::string("device: ") + error.what());
    }
    throw Error(ErrorCode::invalid_argument, "device: what the callable returned is not [" +
                                                 std::to_string(queries.rows) + ", " + std::to_string(k) + "]");
  }

 private:
  nb::object call_;
};

nb::tuple exact_topk(const Array& queries, const Array& keys, std::uint32_t k, int metric, const std::string& device,
                     const std::optional<Positions>& positions, std::uint32_t recent, const Range& candidate_range,
                     unsigned threads) {
  if (device == "cpu") queries.host(), keys.host();
  const Threads executor(threads);
  const MatrixView query_rows = queries.flat();
  Visibility visible;
  if (candidate_range) visible.range = {candidate_range->first, candidate_range->second};
  if (positions) visible.positions = {positions->data(), positions->shape(0)};
  visible.recent = recent;
  NeighborTable found;
  {
    const nb::gil_scoped_release unlocked;
    found = make_exact_topk(device, executor.get())
                ->find(query_rows, keys.matrix(), k, static_cast<Metric>(metric), visible);
  }
  return to_python(found);
}

std::pair<bool, std::string> cuda_state() {
  std::string why;
  const bool available = cuda_available(&why);
  return {available, why};
}

}  // namespace

std::unique_ptr<ExactTopK> make_exact_topk(const std::string& device, Executor* executor, std::size_t device_memory) {
  if (device == "cpu" || (device == "auto" && !cuda_available())) return make_exact_topk_cpu(executor);
  if (device == "cuda" || device == "auto") {
    CudaOptions options;
    options.executor = executor;
    options.memory_limit = device_memory;
    return make_exact_topk_cuda(options);
  }
  throw Error(ErrorCode::invalid_argument, "device: \"" + device + "\" is none of \"cpu\", \"cuda\", \"auto\"");
}

std::unique_ptr<ExactTopK> make_exact_topk(const nb::object& device, Executor* executor, std::size_t device_memory) {
  if (nb::isinstance<nb::callable>(device)) return std::make_unique<CalledTopK>(device);
  return make_exact_topk(nb::cast<std::string>(device), executor, device_memory);
}

void bind_exact_topk(nb::module_& module) {
  module.def("exact_topk", exact_topk, nb::arg("queries"), nb::arg("keys"), nb::arg("k"), nb::arg("metric"),
             nb::arg("device"), nb::arg("positions").none(), nb::arg("recent"), nb::arg("candidate_range").none(),
             nb::arg("threads"));
  module.def("cuda_state", cuda_state);
}

}  // namespace rattan::python
