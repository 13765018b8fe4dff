#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "attention/head_file.h"
#include "bench/layer_decoder.h"
#include "bench/scratch_folder.h"

namespace rattan::bench {
namespace {

class ContextDecoder final : public LayerDecoder {
 public:
  ContextDecoder(std::shared_ptr<const Context> context, const Budget& budget, bool one_thread)
      : context_(std::move(context)) {
    params_.budget = budget;
    params_.slices = one_thread ? 1 : 0;
  }

  void decode(std::size_t layer, MatrixView queries, std::span<float> output) override {
    const DecodeStats before = context_->stats();
    context_->decode(static_cast<std::uint32_t>(layer), queries, output, {}, params_);
    const DecodeStats after = context_->stats();
    ++calls_;
    keys_ += after.keys_scored - before.keys_scored;
    bytes_ += after.bytes_read - before.bytes_read;
  }

  LayerCost cost() const override {
    const auto calls = static_cast<double>(calls_);
    return {static_cast<double>(keys_) / calls, static_cast<double>(bytes_) / calls};
  }

  std::string kinds() const override {
    std::map<std::string, std::size_t> counts;
    for (const HeadReport& head : context_->report()) ++counts[head.kind];
    std::ostringstream text;
    for (const auto& [kind, count] : counts) text << (text.tellp() > 0 ? ", " : "") << kind << " x " << count;
    return text.str();
  }

 private:
  std::shared_ptr<const Context> context_;
  DecodeParams params_;
  std::uint64_t calls_ = 0;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
};

std::vector<MatrixView> queries_of(std::span<const datasets::KvGroup> groups) {
  std::vector<MatrixView> queries;
  for (const datasets::KvGroup& group : groups) {
    for (const SharedMatrix& head : group.prefill_queries) queries.push_back(head.view);
  }
  return queries;
}

ContextShape shape_of(const LayerStack& stack) {
  ContextShape shape;
  shape.layers = static_cast<std::uint32_t>(stack.layers().size());
  shape.query_heads = static_cast<std::uint32_t>(stack.query_heads());
  shape.kv_heads = static_cast<std::uint32_t>(stack.kv_heads());
  shape.key_dim = static_cast<std::uint32_t>(stack.dim());
  shape.value_dim = static_cast<std::uint32_t>(stack.value_dim());
  shape.dtype = stack.dtype();
  return shape;
}

// What was saved of one layer under the names of another.
void rename_layer(const std::filesystem::path& folder, std::size_t from, std::size_t to, std::size_t heads) {
  for (std::size_t h = 0; h < heads; ++h) std::filesystem::rename(head_path(folder, from, h), head_path(folder, to, h));
}

}  // namespace

std::shared_ptr<const Context> build_context(const LayerStack& stack, const ContextParams& params, BuildStats& stats) {
  auto context = std::make_shared<Context>(shape_of(stack), params);
  for (std::size_t i = 0; i < stack.originals(); ++i) {
    const StackLayer& layer = stack.layers()[i];
    const std::vector<MatrixView> queries = queries_of(stack.groups(i));
    context->build_layer(static_cast<std::uint32_t>(i), layer.keys, layer.values, queries,
                         stack.groups(i).front().prefill_positions, &stats);
  }
  if (stack.layers().size() == stack.originals()) return context;
  const ScratchFolder folder("rattan-decode");
  context->save(folder.path());
  std::vector<std::size_t> named(stack.originals());  // under which layer's name an original's files lie
  for (std::size_t i = 0; i < named.size(); ++i) named[i] = i;
  for (std::size_t i = stack.originals(); i < stack.layers().size(); ++i) {
    const StackLayer& layer = stack.layers()[i];
    rename_layer(folder.path(), named[layer.original], i, stack.kv_heads());
    named[layer.original] = i;
    context->open_layer(folder.path(), static_cast<std::uint32_t>(i), layer.keys, layer.values);
  }
  return context;
}

std::unique_ptr<LayerDecoder> decode_by(std::shared_ptr<const Context> context, const Budget& budget, bool one_thread) {
  return std::make_unique<ContextDecoder>(std::move(context), budget, one_thread);
}

}  // namespace rattan::bench
