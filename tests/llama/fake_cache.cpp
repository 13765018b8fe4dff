#include "fake_cache.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rattan::llama::test {
namespace {

constexpr std::size_t width = FakeCache::kv_heads * FakeCache::dim;
constexpr float sink_logit = 0.5F;

CacheRows rows_of(const std::vector<float>& rows) {
  CacheRows made;
  made.data = reinterpret_cast<const std::byte*>(rows.data());
  made.dtype = DType::f32;
  made.heads = FakeCache::kv_heads;
  made.dim = FakeCache::dim;
  made.cell_stride = width;
  return made;
}

}  // namespace

FakeCache::FakeCache(const Settings& settings, std::size_t streams) : attention(settings), layers_(layers) {
  for (Layer& layer : layers_) {
    layer.keys.resize(streams * cells * width);
    layer.values.resize(streams * cells * width);
  }
}

float FakeCache::next() {
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<float>(random_ >> 40U) / static_cast<float>(1U << 23U) - 1;
}

void FakeCache::fill(std::vector<float>& rows, std::size_t cell) {
  for (std::size_t i = 0; i < width; ++i) rows[cell * width + i] = next();
}

std::size_t FakeCache::step(const std::vector<Token>& tokens, std::size_t stream, std::size_t streams) {
  const std::size_t rows = tokens.size() / streams;
  std::vector<float> mask(tokens.size() * cells, -std::numeric_limits<float>::infinity());
  std::vector<std::int64_t> written;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (const std::size_t cell : tokens[i].visible) mask[i * cells + cell] = 0;
    written.push_back(static_cast<std::int64_t>((stream + i / rows) * cells + tokens[i].cell));
  }
  const std::vector<float> sink_logits(query_heads, sink_logit);
  std::vector<float> queries(tokens.size() * query_heads * dim);
  std::vector<float> output(queries.size());
  std::size_t count = 0;
  for (int layer = 0; layer < layers; ++layer) {
    Layer& cache = layers_[static_cast<std::size_t>(layer)];
    attention.writes(layer, written);
    for (const std::int64_t cell : written) {
      fill(cache.keys, static_cast<std::size_t>(cell));
      fill(cache.values, static_cast<std::size_t>(cell));
    }
    std::generate(queries.begin(), queries.end(), [&] { return 2 * next(); });
    AttentionNode node;
    node.layer = layer;
    node.keys = rows_of(cache.keys);
    node.values = rows_of(cache.values);
    node.stream_cells = cells;
    node.first_stream = stream;
    node.mask = {reinterpret_cast<const std::byte*>(mask.data()),
                 false,
                 cells,
                 rows,
                 cells * sizeof(float),
                 rows * cells * sizeof(float),
                 streams};
    node.tokens = tokens.size();
    node.query_heads = query_heads;
    node.queries = queries.data();
    node.output = output.data();
    node.scale = scale;
    node.logit_cap = logit_cap;
    if (sinks) node.sink_logits = sink_logits.data();
    std::vector<bool> answered(tokens.size(), true);
    for (const RowRange& range : attention.answer(node)) {
      for (std::size_t i = range.first; i < range.first + range.count; ++i) answered[i] = false;
    }
    compare(node, tokens, answered);
    count = static_cast<std::size_t>(std::count(answered.begin(), answered.end(), true));
  }
  return count;
}

void FakeCache::compare(const AttentionNode& node, const std::vector<Token>& tokens,
                        const std::vector<bool>& answered) {
  const auto* keys = reinterpret_cast<const float*>(node.keys.data);
  const auto* values = reinterpret_cast<const float*>(node.values.data);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!answered[i]) continue;
    for (std::size_t head = 0; head < query_heads; ++head) {
      const float* query = node.queries + (i * query_heads + head) * dim;
      const std::size_t offset = head / (query_heads / kv_heads) * dim;
      std::vector<double> sum(dim);
      double weights = sinks ? std::exp(sink_logit) : 0;
      for (const std::size_t visible : tokens[i].visible) {
        const std::size_t at = (node.stream(i) * cells + visible) * width + offset;
        double logit = 0;
        for (std::size_t j = 0; j < dim; ++j) logit += double{query[j]} * keys[at + j];
        logit *= node.scale;
        if (logit_cap > 0) logit = logit_cap * std::tanh(logit / logit_cap);
        const double weight = std::exp(logit);
        weights += weight;
        for (std::size_t j = 0; j < dim; ++j) sum[j] += weight * values[at + j];
      }
      for (std::size_t j = 0; j < dim; ++j) {
        const double error = std::abs(node.output[(i * query_heads + head) * dim + j] - sum[j] / weights);
        largest_error = std::max(largest_error, error);
      }
    }
  }
}

void FakeCache::prefill(std::size_t begin, std::size_t end, std::set<std::size_t>& visible, std::size_t batch) {
  while (begin < end) {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < batch && begin < end; ++i, ++begin) {
      visible.insert(begin);
      tokens.push_back({begin, visible});
    }
    step(tokens);
  }
}

void FakeCache::replace(std::size_t begin, std::size_t end) {
  for (Layer& layer : layers_) {
    for (std::size_t cell = begin; cell < end; ++cell) fill(layer.keys, cell), fill(layer.values, cell);
  }
}

void FakeCache::shift(std::size_t begin, std::size_t end) {
  for (int layer = 0; layer < layers; ++layer) attention.rewritten(layer);
  replace(begin, end);
}

}  // namespace rattan::llama::test
