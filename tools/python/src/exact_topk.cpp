#include "exact_topk.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <utility>

#include "arrays.h"
#include "executors.h"
#include "tables.h"

namespace rattan::python {
namespace {

using Range = std::optional<std::pair<KeyId, KeyId>>;

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

std::unique_ptr<ExactTopK> make_exact_topk(const std::string& device, Executor* executor) {
  if (device == "cpu" || (device == "auto" && !cuda_available())) return make_exact_topk_cpu(executor);
  if (device == "cuda" || device == "auto") {
    CudaOptions options;
    options.executor = executor;
    return make_exact_topk_cuda(options);
  }
  throw Error(ErrorCode::invalid_argument, "device: \"" + device + "\" is none of \"cpu\", \"cuda\", \"auto\"");
}

void bind_exact_topk(nb::module_& module) {
  module.def("exact_topk", exact_topk, nb::arg("queries"), nb::arg("keys"), nb::arg("k"), nb::arg("metric"),
             nb::arg("device"), nb::arg("positions").none(), nb::arg("recent"), nb::arg("candidate_range").none(),
             nb::arg("threads"));
  module.def("cuda_state", cuda_state);
}

}  // namespace rattan::python
