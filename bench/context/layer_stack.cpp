#include "bench/context/layer_stack.h"

#include <algorithm>
#include <string>

#include "bench/inputs/problem.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/resident.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

// Layers and their heads are of one shape.
void check_like(const datasets::KvGroup& group, const datasets::KvGroup& first) {
  const auto check = [](const char* what, std::size_t value, std::size_t allowed) {
    if (value == allowed) return;
    fail(ErrorCode::invalid_argument, "a KV head has ", value, " ", what, ", allowed is ", allowed,
         " (as the first of the data)");
  };
  check("prefill tokens", group.keys.view.rows, first.keys.view.rows);
  check("key columns", group.keys.view.cols, first.keys.view.cols);
  check("value rows", group.values.view.rows, first.values.view.rows);
  check("value columns", group.values.view.cols, first.values.view.cols);
  check("query heads", group.heads(), first.heads());
  for (const SharedMatrix& queries : group.decode_queries) {
    check("query columns", queries.view.cols, first.keys.view.cols);
    check("bytes a query", queries.view.row_bytes(), first.decode_queries.front().view.row_bytes());
  }
}

// The prefill alone: what is decoded behind it are queries here.
datasets::KvGroup load(const HeadSource& source, const StackOptions& options) {
  datasets::KvGroup group = source.load();
  if (group.prefill == 0) fail(ErrorCode::invalid_argument, source.source, ": prefill is 0, allowed is 1 or more");
  if (group.values.view.rows == 0) fail(ErrorCode::invalid_argument, source.source, ": values are missing");
  for (SharedMatrix* matrix : {&group.keys, &group.values}) {
    *matrix = {matrix->view.slice(0, group.prefill), matrix->owner};
  }
  reencode(group, options.keys_as, options.queries_as);
  return group;
}

std::size_t steps_of(const datasets::KvGroup& group) {
  std::size_t steps = group.decode_queries.empty() ? 0 : group.decode_queries.front().view.rows;
  for (const SharedMatrix& queries : group.decode_queries) steps = std::min(steps, queries.view.rows);
  if (steps == 0) fail(ErrorCode::invalid_argument, group.source, ": no decode query rows, at least 1 is needed");
  return steps;
}

std::uint64_t bytes_of(const datasets::KvGroup& group) {
  return group.keys.view.rows * (group.keys.view.row_bytes() + group.values.view.row_bytes());
}

}  // namespace

LayerStack::LayerStack(std::span<const HeadSource> heads, const StackOptions& options) {
  const std::size_t originals = std::min(heads.size() / options.kv_heads, options.depth);
  if (originals == 0) {
    throw UsageError("the data selects " + std::to_string(heads.size()) + " KV heads, a layer takes " +
                     std::to_string(options.kv_heads));
  }
  for (std::size_t i = 0; i < originals && (i == 0 || (i + 1) * layer_bytes_ <= options.bytes); ++i) {
    auto& groups = groups_.emplace_back();
    StackLayer layer{.original = i, .keys = {}, .values = {}};
    for (std::size_t h = 0; h < options.kv_heads; ++h) {
      groups.push_back(load(heads[i * options.kv_heads + h], options));
      const datasets::KvGroup& group = groups.back();
      steps_ = i + h == 0 ? steps_of(group) : std::min(steps_, steps_of(group));
      check_like(group, groups_.front().front());
      if (i == 0) layer_bytes_ += bytes_of(group);
      layer.keys.push_back(group.keys);
      layer.values.push_back(group.values);
    }
    layers_.push_back(std::move(layer));
  }
  for (const auto& groups : groups_) queries_.push_back(gather_steps(groups, 0, steps_));
  const std::size_t depth = std::min<std::size_t>(options.depth, options.bytes / layer_bytes_);
  for (std::size_t i = layers_.size(); i < depth; ++i) {
    StackLayer copy = layers_[i % groups_.size()];
    for (SharedMatrix& keys : copy.keys) keys = copy_matrix(keys);
    for (SharedMatrix& values : copy.values) values = copy_matrix(values);
    layers_.push_back(std::move(copy));
  }
}

std::size_t LayerStack::query_heads() const noexcept { return kv_heads() * groups_.front().front().heads(); }

MatrixView LayerStack::step(std::size_t layer, std::size_t step) const {
  return queries_[layers_[layer].original].view.slice(step % steps_ * query_heads(), query_heads());
}

}  // namespace rattan::bench
