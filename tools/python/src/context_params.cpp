#include "context_params.h"

#include <nanobind/stl/string.h>

#include <string>

namespace rattan::python {
namespace {

namespace nb = nanobind;

// Takes values out of a copy of the arguments: what is unread at the end was not known.
class Reader {
 public:
  explicit Reader(const nb::dict& arguments, const char* what) : what_(what) {
    for (const auto& [key, value] : arguments) {
      if (!value.is_none()) unread_[key] = value;
    }
  }

  template <typename T>
  void read(const char* name, T& value) {
    if (!unread_.contains(name)) return;
    const nb::object given = unread_[name];
    if (!nb::try_cast<T>(given, value)) {
      throw nb::type_error(
          (std::string(name) + ": " + nb::cast<std::string>(nb::repr(given)) + " has the wrong type or range").c_str());
    }
    nb::del(unread_[name]);
  }

  void finish() const {
    for (const auto& [key, value] : unread_) {
      throw Error(ErrorCode::invalid_argument, nb::cast<std::string>(nb::str(key)) + " is no parameter of " + what_);
    }
  }

 private:
  nb::dict unread_;
  const char* what_;
};

DType to_dtype(const std::string& name) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    if (name == to_string(dtype)) return dtype;
  }
  throw Error(ErrorCode::invalid_argument, "dtype: \"" + name + "\" is none of \"f32\", \"f16\", \"bf16\"");
}

void read_budget(Reader& reader, Budget& budget) {
  reader.read("k", budget.k);
  double epsilon = 0;
  reader.read("epsilon", epsilon);
  if (epsilon != 0) budget.epsilon = epsilon;
  reader.read("most_k", budget.most_k);
  reader.read("estimate_unread", budget.estimate_unread);
}

}  // namespace

ContextShape to_shape(const nb::dict& arguments) {
  Reader reader(arguments, "a context's shape");
  ContextShape shape;
  reader.read("layers", shape.layers);
  reader.read("query_heads", shape.query_heads);
  reader.read("kv_heads", shape.kv_heads);
  reader.read("key_dim", shape.key_dim);
  shape.value_dim = shape.key_dim;
  reader.read("value_dim", shape.value_dim);
  std::string dtype = "f16";
  reader.read("dtype", dtype);
  shape.dtype = to_dtype(dtype);
  reader.finish();
  return shape;
}

ContextParams to_params(const nb::dict& arguments) {
  Reader reader(arguments, "a context");
  ContextParams params;
  read_budget(reader, params.budget);
  std::string kind = "auto";
  reader.read("kind", kind);
  params.kind = parse_head_kind(kind);
  reader.read("softmax_scale", params.softmax_scale);
  reader.read("logit_cap", params.logit_cap);
  reader.read("sinks", params.sinks);
  reader.read("recent", params.recent);
  reader.read("recall", params.recall);
  reader.read("links_k", params.links_k);
  reader.read("link_queries", params.link_queries);
  reader.read("kept_queries", params.kept_queries);
  reader.read("clusters", params.clusters);
  reader.read("max_degree", params.graph.max_degree);
  reader.read("entry_points", params.graph.entry_points);
  reader.read("code_bits", params.graph.code_bits);
  reader.read("capacity", params.capacity);
  reader.read("seal_after", params.seal_after);
  reader.read("background_seal", params.background_seal);
  reader.read("background_build", params.background_build);
  reader.read("build_threads", params.build_threads);
  reader.read("memory_limit", params.memory_limit);
  reader.read("seed", params.seed);
  reader.finish();
  return params;
}

Budget to_budget(const nb::dict& arguments, const Budget& defaults) {
  Reader reader(arguments, "a budget");
  Budget budget = defaults;
  read_budget(reader, budget);
  reader.finish();
  return budget;
}

}  // namespace rattan::python
