#include "context.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "context_params.h"
#include "exact_topk.h"
#include "executors.h"
#include "rattan/context.h"
#include "tables.h"

namespace rattan::python {
namespace {

using Output = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

// A context with what its parameters point to, which its forks share.
struct PyContext {
  struct Tools {
    Threads threads;
    std::unique_ptr<ExactTopK> exact;
  };
  std::shared_ptr<const Tools> tools;
  Budget budget;
  Context context;

  // A build in the background may call Python for links, and is waited for.
  ~PyContext() {
    const nb::gil_scoped_release unlocked;
    context.invalidate();
  }
};

void make(PyContext* at, const nb::dict& shape, const nb::dict& arguments, unsigned threads, const nb::object& exact,
          std::size_t device_memory) {
  const ContextShape checked = to_shape(shape);
  ContextParams params = to_params(arguments);
  Threads executor(threads);
  auto finder = make_exact_topk(exact, executor.get(), device_memory);
  const auto tools = std::make_shared<const PyContext::Tools>(PyContext::Tools{std::move(executor), std::move(finder)});
  params.executor = tools->threads.get();
  params.exact = tools->exact.get();
  const Budget budget = params.budget;
  const nb::gil_scoped_release unlocked;
  new (at) PyContext{tools, budget, Context(checked, params)};
}

using Table = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename Rows>
nb::dict build(PyContext& self, std::uint32_t layer, const std::vector<Rows>& keys, const std::vector<Rows>& values,
               const Array* queries, const std::optional<Positions>& positions) {
  const ContextShape& shape = self.context.shape();
  const std::vector<MatrixView> query_heads =
      queries != nullptr
          ? queries->host().heads()
          : std::vector<MatrixView>(shape.query_heads, MatrixView(nullptr, DType::f32, 0, shape.key_dim));
  std::span<const std::int64_t> rows;
  if (positions) rows = {positions->data(), positions->shape(0)};
  BuildStats stats;
  {
    const nb::gil_scoped_release unlocked;
    self.context.build_layer(layer, keys, values, query_heads, rows, &stats);
  }
  return to_python(stats);
}

nb::dict build_layer(PyContext& self, std::uint32_t layer, const Array& keys, const Array& values, const Array* queries,
                     const std::optional<Positions>& positions) {
  return build(self, layer, keys.host().shared_heads(), values.host().shared_heads(), queries, positions);
}

// The caller keeps pages and table alive.
nb::dict build_pages(PyContext& self, std::uint32_t layer, std::size_t tokens, const Array& keys, const Array& values,
                     const Table& table, const Array* queries, const std::optional<Positions>& positions) {
  const std::span<const std::uint32_t> pages(table.data(), table.size());
  return build(self, layer, keys.host().pages(pages, tokens), values.host().pages(pages, tokens), queries, positions);
}

void append_pages(PyContext& self, std::uint32_t layer, std::size_t tokens, const Array& keys, const Array& values,
                  const Table& table, const Array* queries) {
  const std::span<const std::uint32_t> pages(table.data(), table.size());
  const std::size_t all = self.context.tokens(layer) + tokens;
  const std::vector<PagedRows> key_pages = keys.host().pages(pages, all);
  const std::vector<PagedRows> value_pages = values.host().pages(pages, all);
  const MatrixView query_rows = queries != nullptr ? queries->host().flat() : MatrixView();
  const nb::gil_scoped_release unlocked;
  self.context.append_pages(layer, tokens, key_pages, value_pages, query_rows);
}

// [tokens, heads, dim] as append takes it, whatever lies between rows.
void append(PyContext& self, std::uint32_t layer, const Array& keys, const Array& values, const Array* queries) {
  const std::size_t tokens = keys.shape(0);
  const MatrixView key_rows = keys.host().flat();
  const MatrixView value_rows = values.host().flat();
  const MatrixView query_rows = queries != nullptr ? queries->host().flat() : MatrixView();
  const nb::gil_scoped_release unlocked;
  self.context.append(layer, tokens, key_rows, value_rows, query_rows);
}

void expect(const Output& array, std::size_t elements, const char* name) {
  if (array.size() != elements) {
    throw Error(ErrorCode::invalid_argument, std::string(name) + ": has " + std::to_string(array.size()) +
                                                 " elements; " + std::to_string(elements) + " are needed");
  }
}

void decode(const PyContext& self, std::uint32_t layer, const Array& queries, const Output& output,
            const std::optional<Output>& lse, const nb::object& budget,
            const std::optional<std::size_t>& visible_tokens, const std::optional<Output>& sink_logits) {
  const ContextShape& shape = self.context.shape();
  DecodeParams params;
  if (queries.ndim() == 3) params.rows = static_cast<std::uint32_t>(queries.shape(0));
  const std::size_t query_rows = std::size_t{params.rows} * shape.query_heads;
  expect(output, query_rows * shape.value_dim, "out");
  std::span<float> lse_rows;
  if (lse) {
    expect(*lse, query_rows, "lse");
    lse_rows = {lse->data(), query_rows};
  }
  params.visible_tokens = visible_tokens;
  if (sink_logits) params.sink_logits = {sink_logits->data(), sink_logits->size()};
  if (!budget.is_none()) params.budget = to_budget(nb::cast<nb::dict>(budget), self.budget);
  const MatrixView rows = queries.host().flat();
  const nb::gil_scoped_release unlocked;
  self.context.decode(layer, rows, {output.data(), output.size()}, lse_rows, params);
}

std::unique_ptr<PyContext> fork(const PyContext& self) {
  return std::unique_ptr<PyContext>(new PyContext{self.tools, self.budget, self.context.fork()});
}

void open_layer(PyContext& self, const std::string& folder, std::uint32_t layer, const Array& keys,
                const Array& values) {
  const auto shared_keys = keys.host().shared_heads();
  const auto shared_values = values.host().shared_heads();
  const nb::gil_scoped_release unlocked;
  self.context.open_layer(folder, layer, shared_keys, shared_values);
}

nb::list report(const PyContext& self) {
  nb::list result;
  for (const HeadReport& head : self.context.report()) {
    nb::dict row;
    row["layer"] = head.layer;
    row["kv_head"] = head.kv_head;
    row["kind"] = head.kind;
    row["reason"] = head.reason;
    row["building"] = head.building;
    row["recall"] = head.recall;
    row["worst_recall"] = head.worst_recall;
    row["base_tokens"] = head.base_tokens;
    row["sealed_tokens"] = head.sealed_tokens;
    row["unsealed_tokens"] = head.unsealed_tokens;
    row["memory"] = to_python(head.memory);
    result.append(row);
  }
  return result;
}

nb::dict stats(const PyContext& self) {
  const DecodeStats found = self.context.stats();
  nb::dict result;
  result["steps"] = found.steps;
  result["keys_visible"] = found.keys_visible;
  result["keys_window"] = found.keys_window;
  result["keys_retrieved"] = found.keys_retrieved;
  result["keys_scored"] = found.keys_scored;
  result["values_read"] = found.values_read;
  result["bytes_read"] = found.bytes_read;
  result["steps_searched"] = found.steps_searched;
  result["steps_estimated"] = found.steps_estimated;
  result["lowest_recall"] = found.lowest_recall;
  result["uncertainty"] = found.uncertainty;
  result["largest_uncertainty"] = found.largest_uncertainty;
  return result;
}

// Calls a member without arguments, or with one, and without the interpreter's lock.
template <auto member, typename... Arguments>
auto unlocked(PyContext& self, Arguments... arguments) {
  const nb::gil_scoped_release released;
  return (self.context.*member)(arguments...);
}

}  // namespace

void bind_context(nb::module_& module) {
  nb::class_<PyContext>(module, "Context")
      .def("__init__", make, nb::arg("shape"), nb::arg("params"), nb::arg("threads"), nb::arg("exact"),
           nb::arg("device_memory"))
      .def("build_layer", build_layer, nb::arg("layer"), nb::arg("keys"), nb::arg("values"), nb::arg("queries").none(),
           nb::arg("positions").none())
      .def("append", append, nb::arg("layer"), nb::arg("keys"), nb::arg("values"), nb::arg("queries").none())
      .def("build_pages", build_pages, nb::arg("layer"), nb::arg("tokens"), nb::arg("keys"), nb::arg("values"),
           nb::arg("table"), nb::arg("queries").none(), nb::arg("positions").none())
      .def("append_pages", append_pages, nb::arg("layer"), nb::arg("tokens"), nb::arg("keys"), nb::arg("values"),
           nb::arg("table"), nb::arg("queries").none())
      .def("decode", decode, nb::arg("layer"), nb::arg("queries"), nb::arg("out"), nb::arg("lse").none(),
           nb::arg("budget").none(), nb::arg("visible_tokens").none(), nb::arg("sink_logits").none())
      .def("build_progress",
           [](const PyContext& self) {
             const BuildProgress progress = self.context.build_progress();
             return std::pair(progress.heads, progress.seconds);
           })
      .def("wait_for_builds", unlocked<&Context::wait_for_builds>)
      .def("seal", unlocked<&Context::seal, std::uint32_t>, nb::arg("layer"))
      .def("rebuild", unlocked<&Context::rebuild, std::uint32_t>, nb::arg("layer"))
      .def("truncate", unlocked<&Context::truncate, std::size_t>, nb::arg("tokens"))
      .def("invalidate", unlocked<&Context::invalidate>)
      .def("fork", fork)
      .def(
          "save",
          [](const PyContext& self, const std::string& folder) {
            const nb::gil_scoped_release released;
            self.context.save(folder);
          },
          nb::arg("folder"))
      .def("open_layer", open_layer, nb::arg("folder"), nb::arg("layer"), nb::arg("keys"), nb::arg("values"))
      .def(
          "tokens", [](const PyContext& self, std::uint32_t layer) { return self.context.tokens(layer); },
          nb::arg("layer"))
      .def("stats", stats)
      .def("reset_stats", [](PyContext& self) { self.context.reset_stats(); })
      .def("report", report)
      .def("memory", [](const PyContext& self) { return to_python(self.context.memory()); })
      .def_prop_ro("epoch", [](const PyContext& self) { return self.context.epoch(); });
}

}  // namespace rattan::python
