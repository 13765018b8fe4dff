#include "bench/context/layer_decoder.h"
#include "context/head_prefix.h"

namespace rattan::bench {
namespace {

class FlatDecoder final : public LayerDecoder {
 public:
  FlatDecoder(const LayerStack& stack, const ContextParams& window, std::uint32_t k)
      : stack_(stack), scale_(stack.softmax_scale()), group_(stack.query_heads() / stack.kv_heads()) {
    indexed_ = indexed_rows(stack.tokens(), window);
    params_.k = k;
    params_.group = static_cast<std::uint32_t>(group_);
    params_.executor = &serial_executor();
    for (const StackLayer& layer : stack.layers()) {
      auto& indexes = indexes_.emplace_back();
      for (const SharedMatrix& keys : layer.keys) indexes.push_back(build_flat({indexed(keys.view), keys.owner}));
    }
  }

  void decode(std::size_t layer, MatrixView queries, std::span<float> output) override {
    const std::size_t width = stack_.value_dim();
    more_output_.resize(group_ * width);
    keys_read_ = bytes_read_ = 0;
    for (std::size_t h = 0; h < stack_.kv_heads(); ++h) {
      parts_.clear();
      more_.clear();
      for (std::size_t i = 0; i < group_; ++i) {
        parts_.push_back({output.subspan((h * group_ + i) * width, width)});
        more_.push_back({std::span(more_output_).subspan(i * width, width)});
      }
      decode_head(stack_.layers()[layer], h, layer, queries.slice(h * group_, group_));
    }
    count_call(keys_read_, bytes_read_);
  }

  std::string kinds() const override { return "exact top k"; }

 private:
  MatrixView indexed(const MatrixView& rows) const { return rows.slice(indexed_.begin, indexed_.end - indexed_.begin); }

  void decode_head(const StackLayer& layer, std::size_t h, std::size_t at, MatrixView queries) {
    const MatrixView keys = layer.keys[h].view;
    const MatrixView values = layer.values[h].view;
    attend_range(queries, keys, values, {0, indexed_.begin}, scale_, parts_, scratch_);
    const auto end = static_cast<KeyId>(keys.rows);
    attend_range(queries, keys, values, {indexed_.end, end}, scale_, more_, scratch_);
    for (std::size_t i = 0; i < group_; ++i) merge(parts_[i], more_[i]);

    const NeighborTable found = indexes_[at][h]->search(queries, params_);
    std::uint64_t values_read = 0;
    for (std::size_t i = 0; i < group_; ++i) {
      attend_found(indexed(values), found.ids(i), found.scores(i), scale_, more_[i], scratch_);
      merge(parts_[i], more_[i]);
      values_read += found.count(i);
    }
    const std::uint64_t window = keys.rows - (indexed_.end - indexed_.begin);
    keys_read_ += window + found.stats.front().keys_scored;
    bytes_read_ +=
        found.stats.front().bytes_read + window * keys.row_bytes() + (window + values_read) * values.row_bytes();
  }

  const LayerStack& stack_;
  double scale_;
  std::size_t group_;
  IdRange indexed_;
  SearchParams params_;
  std::vector<std::vector<std::unique_ptr<Index>>> indexes_;
  std::vector<AttentionPart> parts_;
  std::vector<AttentionPart> more_;
  std::vector<float> more_output_;
  AttentionScratch scratch_;
  std::uint64_t keys_read_ = 0;  // by one call
  std::uint64_t bytes_read_ = 0;
};

}  // namespace

std::unique_ptr<LayerDecoder> decode_flat(const LayerStack& stack, const ContextParams& window, std::uint32_t k) {
  return std::make_unique<FlatDecoder>(stack, window, k);
}

}  // namespace rattan::bench
