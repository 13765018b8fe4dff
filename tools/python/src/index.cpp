#include "index.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "executors.h"
#include "rattan/index.h"
#include "tables.h"

namespace rattan::python {
namespace {

using Built = std::pair<std::unique_ptr<Index>, nb::dict>;
using Range = std::optional<std::pair<KeyId, KeyId>>;

// Runs `make(executor, &stats)` without the interpreter's lock.
template <typename Make>
Built build(unsigned threads, Make make) {
  const Threads executor(threads);
  BuildStats stats;
  std::unique_ptr<Index> index;
  {
    const nb::gil_scoped_release unlocked;
    index = make(executor.get(), &stats);
  }
  return {std::move(index), to_python(stats)};
}

Built build_flat_index(const Array& keys, int metric) {
  return build(0,
               [&](Executor*, BuildStats*) { return build_flat(keys.host().shared(), static_cast<Metric>(metric)); });
}

Built build_scan4_index(const Array& keys, int metric, unsigned threads) {
  return build(threads, [&](Executor* executor, BuildStats* stats) {
    return build_scan4(keys.host().shared(), static_cast<Metric>(metric), {.executor = executor}, stats);
  });
}

Built build_graph_index(const Array& keys, int metric, const nb::list& links, const GraphBuildParams& graph,
                        unsigned threads) {
  const std::vector<NeighborTable> tables = to_tables(links, "links");
  return build(threads, [&](Executor* executor, BuildStats* stats) {
    GraphBuildParams params = graph;
    params.executor = executor;
    return build_graph(keys.host().shared(), tables, static_cast<Metric>(metric), params, stats);
  });
}

Built build_auto_index(const Array& keys, int metric, const nb::list& links, const Array& calibration,
                       const AutoBuildParams& wanted, unsigned threads) {
  const std::vector<NeighborTable> tables = to_tables(links, "links");
  return build(threads, [&](Executor* executor, BuildStats* stats) {
    AutoBuildParams params = wanted;
    params.executor = executor;
    return build_auto(keys.host().shared(), tables, calibration.host().flat(), static_cast<Metric>(metric), params,
                      stats);
  });
}

nb::tuple search(const Index& index, const Array& queries, std::uint32_t k, std::uint32_t group,
                 std::optional<std::uint32_t> beam_width, std::optional<std::uint32_t> expansions,
                 std::optional<std::uint32_t> rerank, std::optional<std::uint32_t> probes, const Range& candidate_range,
                 const std::vector<KeyId>& start_keys, unsigned threads) {
  const Threads executor(threads);
  SearchParams params;
  params.k = k;
  params.group = group;
  params.beam_width = beam_width;
  params.expansions = expansions;
  params.rerank = rerank;
  params.probes = probes;
  if (candidate_range) params.candidate_range = {candidate_range->first, candidate_range->second};
  params.start_keys = start_keys;
  params.executor = executor.get();
  const MatrixView rows = queries.host().flat();
  NeighborTable found;
  {
    const nb::gil_scoped_release unlocked;
    found = index.search(rows, params);
  }
  return to_python(found);
}

void save(const Index& index, const std::string& path) {
  const nb::gil_scoped_release unlocked;
  index.save(path);
}

std::unique_ptr<Index> open(const std::string& path, const Array& keys) {
  const SharedMatrix shared = keys.host().shared();
  const nb::gil_scoped_release unlocked;
  return open_index(path, shared);
}

void bind_params(nb::module_& module) {
  nb::class_<GraphBuildParams>(module, "GraphBuildParams")
      .def(nb::init<>())
      .def_rw("max_degree", &GraphBuildParams::max_degree)
      .def_rw("oversampling", &GraphBuildParams::oversampling)
      .def_rw("entry_points", &GraphBuildParams::entry_points)
      .def_rw("code_bits", &GraphBuildParams::code_bits)
      .def_rw("seed", &GraphBuildParams::seed);
  nb::class_<AutoBuildParams>(module, "AutoBuildParams")
      .def(nb::init<>())
      .def_rw("k", &AutoBuildParams::k)
      .def_rw("group", &AutoBuildParams::group)
      .def_rw("recall", &AutoBuildParams::recall)
      .def_rw("with_start_keys", &AutoBuildParams::with_start_keys)
      .def_rw("graph", &AutoBuildParams::graph);
}

}  // namespace

void bind_index(nb::module_& module) {
  bind_params(module);
  nb::class_<Index>(module, "Index")
      .def("search", search, nb::arg("queries"), nb::arg("k"), nb::arg("group"), nb::arg("beam_width").none(),
           nb::arg("expansions").none(), nb::arg("rerank").none(), nb::arg("probes").none(),
           nb::arg("candidate_range").none(), nb::arg("start_keys"), nb::arg("threads"))
      .def("save", save, nb::arg("path"))
      .def("memory", [](const Index& index) { return to_python(index.memory()); })
      .def("describe", &Index::describe)
      .def_prop_ro("kind", [](const Index& index) { return std::string(index.kind()); })
      .def_prop_ro("size", &Index::size)
      .def_prop_ro("dim", &Index::dim)
      .def_prop_ro("metric", [](const Index& index) { return std::string(to_string(index.metric())); });
  module.def("build_flat", build_flat_index, nb::arg("keys"), nb::arg("metric"));
  module.def("build_scan4", build_scan4_index, nb::arg("keys"), nb::arg("metric"), nb::arg("threads"));
  module.def("build_graph", build_graph_index, nb::arg("keys"), nb::arg("metric"), nb::arg("links"), nb::arg("graph"),
             nb::arg("threads"));
  module.def("build_auto", build_auto_index, nb::arg("keys"), nb::arg("metric"), nb::arg("links"),
             nb::arg("calibration"), nb::arg("params"), nb::arg("threads"));
  module.def("open_index", open, nb::arg("path"), nb::arg("keys"));
  module.def("available_kinds", &available_kinds);
}

}  // namespace rattan::python
