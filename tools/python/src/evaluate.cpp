#include "evaluate.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>

#include "rattan/evaluate.h"

#include <optional>
#include <utility>
#include <vector>

#include "arrays.h"
#include "executors.h"
#include "numpy_array.h"
#include "tables.h"

namespace rattan::python {
namespace {

nb::object recall(const nb::tuple& found, const nb::tuple& truth) {
  std::vector<double> values = recall_per_row(to_table(found, "found"), to_table(truth, "truth"));
  const std::size_t rows = values.size();
  return numpy_array(std::move(values), {rows});
}

nb::tuple quality(const Array& queries, const Array& keys, const Array* values, const Positions& positions,
                  std::pair<KeyId, KeyId> indexed, double scale, const nb::tuple& found, unsigned threads) {
  const Threads executor(threads);
  const NeighborTable table = to_table(found, "found");
  const MatrixView value_rows = values != nullptr ? values->host().matrix() : MatrixView();
  const MatrixView query_rows = queries.host().flat();
  const MatrixView key_rows = keys.host().matrix();
  AttentionQuality result;
  {
    const nb::gil_scoped_release unlocked;
    result = attention_quality(query_rows, key_rows, value_rows, {positions.data(), positions.shape(0)},
                               {indexed.first, indexed.second}, scale, table, executor.get());
  }
  const std::size_t rows = result.mass.size();
  const std::size_t errors = result.output_error.size();
  return nb::make_tuple(numpy_array(std::move(result.mass), {rows}),
                        numpy_array(std::move(result.output_error), {errors}));
}

nb::dict statistics(const Array& queries, const Array& keys, const Positions& positions, std::uint32_t sinks,
                    std::uint32_t recent, double scale, unsigned threads) {
  const Threads executor(threads);
  const MatrixView query_rows = queries.host().flat();
  const MatrixView key_rows = keys.host().matrix();
  HeadStatistics found;
  {
    const nb::gil_scoped_release unlocked;
    found = head_statistics(query_rows, key_rows, {positions.data(), positions.shape(0)}, sinks, recent, scale,
                            executor.get());
  }
  nb::dict result;
  result["far_mass"] = found.far_mass;
  result["n90"] = found.n90;
  result["top100"] = found.top100;
  result["mahalanobis_queries"] = found.mahalanobis_queries;
  result["mahalanobis_keys"] = found.mahalanobis_keys;
  result["mean_cosine"] = found.mean_cosine;
  result["concentration"] = found.concentration;
  result["query_norm"] = found.query_norm;
  result["key_norm"] = found.key_norm;
  return result;
}

}  // namespace

void bind_evaluate(nb::module_& module) {
  module.def("recall_per_row", recall, nb::arg("found"), nb::arg("truth"));
  module.def("attention_quality", quality, nb::arg("queries"), nb::arg("keys"), nb::arg("values").none(),
             nb::arg("positions"), nb::arg("indexed"), nb::arg("scale"), nb::arg("found"), nb::arg("threads"));
  module.def("head_statistics", statistics, nb::arg("queries"), nb::arg("keys"), nb::arg("positions"), nb::arg("sinks"),
             nb::arg("recent"), nb::arg("scale"), nb::arg("threads"));
}

}  // namespace rattan::python
