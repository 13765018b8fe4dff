#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "bench/context/context_inputs.h"
#include "bench/context/layer_decoder.h"
#include "bench/measure/scratch_folder.h"
#include "context/head_file.h"

namespace rattan::bench {
namespace {

class ContextDecoder final : public LayerDecoder {
 public:
  ContextDecoder(std::shared_ptr<const Context> context, const Budget& budget) : context_(std::move(context)) {
    params_.budget = budget;
    params_.slices = 1;  // all heads on the calling thread
  }

  void decode(std::size_t layer, MatrixView queries, std::span<float> output) override {
    const DecodeStats before = context_->stats();
    context_->decode(static_cast<std::uint32_t>(layer), queries, output, {}, params_);
    const DecodeStats after = context_->stats();
    count_call(after.keys_scored - before.keys_scored, after.bytes_read - before.bytes_read);
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
};

// What was saved of one layer under the names of another.
void rename_layer(const std::filesystem::path& folder, std::size_t from, std::size_t to, std::size_t heads) {
  for (std::size_t h = 0; h < heads; ++h) std::filesystem::rename(head_path(folder, from, h), head_path(folder, to, h));
}

}  // namespace

std::shared_ptr<const Context> build_context(const LayerStack& stack, const ContextParams& params, BuildStats& stats) {
  auto context = std::make_shared<Context>(context_shape(stack.groups(0), stack.layers().size()), params);
  for (std::size_t i = 0; i < stack.originals(); ++i) {
    const StackLayer& layer = stack.layers()[i];
    const std::vector<MatrixView> queries = prefill_queries(stack.groups(i));
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

std::unique_ptr<LayerDecoder> decode_by(std::shared_ptr<const Context> context, const Budget& budget) {
  return std::make_unique<ContextDecoder>(std::move(context), budget);
}

}  // namespace rattan::bench
