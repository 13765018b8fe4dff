#include "tests/fuzz/sequence.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/random.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {

double Plan::scale() const {
  return params.softmax_scale != 0 ? params.softmax_scale : 1 / std::sqrt(static_cast<double>(shape.key_dim));
}

void require_ok(rattan_status status, const char* what) {
  if (status != RATTAN_OK) std::fprintf(stderr, "%s\n", rattan_last_error());
  require(status == RATTAN_OK, what);
}

rattan_matrix matrix_of(const void* data, DType dtype, std::size_t rows, std::size_t cols) {
  rattan_matrix matrix{};
  matrix.data = data;
  matrix.dtype = static_cast<rattan_dtype>(dtype);
  matrix.rows = rows;
  matrix.cols = static_cast<std::uint32_t>(cols);
  return matrix;
}

Sequence::Sequence(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {
  const rattan_status status = rattan_context_create(&plan_->shape, &plan_->params, &context_);
  require(status == RATTAN_OK || context_ == nullptr, "a refused context is not made");
  require(status == RATTAN_OK || plan_->params.memory_limit != 0, "parameters that are allowed make a context");
  layers_.resize(plan_->shape.layers);
}

Sequence::Sequence(std::shared_ptr<const Plan> plan, rattan_context* context)
    : plan_(std::move(plan)), context_(context) {}

Sequence::~Sequence() { rattan_context_destroy(context_); }

bool Sequence::built() const {
  return std::ranges::all_of(layers_, [](const LayerText& layer) { return layer.built; });
}

std::size_t Sequence::fewest_tokens() const { return std::ranges::min(layers_, {}, &LayerText::tokens).tokens; }
std::size_t Sequence::most_tokens() const { return std::ranges::max(layers_, {}, &LayerText::tokens).tokens; }

void Sequence::took(rattan_status status) const {
  if (status == RATTAN_NO_MEMORY && plan_->params.memory_limit != 0) return;
  require_ok(status, "a call within its contract succeeds");
}

void Sequence::check_tokens() const {
  for (std::uint32_t i = 0; i < layers_.size(); ++i) {
    std::uint64_t tokens = 0;
    const rattan_status status = rattan_tokens(context_, i, &tokens);
    require(layers_[i].built ? status == RATTAN_OK && tokens == layers_[i].tokens : status == RATTAN_INVALID_ARGUMENT,
            "a layer has the tokens that it was given");
  }
}

// `before` with `tokens` more.
LayerText Sequence::next_text(const LayerText& before, std::size_t layer, std::size_t tokens) {
  const rattan_shape& shape = plan_->shape;
  LayerText after = before;
  after.heads.resize(shape.kv_heads);
  for (std::size_t h = 0; h < shape.kv_heads; ++h) {
    const std::uint64_t stream = random_stream(plan_->seed, layer * shape.kv_heads + h);
    HeadText& head = after.heads[h];
    head.keys.resize((before.tokens + tokens) * shape.key_dim);
    head.values.resize((before.tokens + tokens) * shape.value_dim);
    for (std::size_t t = 0; t < tokens; ++t) {
      make_row(plan_->keys, stream, next_row_ + t, plan_->dtype(), shape.key_dim,
               head.keys.data() + (before.tokens + t) * shape.key_dim);
      make_row(plan_->values, stream + 1, next_row_ + t, plan_->dtype(), shape.value_dim,
               head.values.data() + (before.tokens + t) * shape.value_dim);
    }
  }
  after.tokens = before.tokens + tokens;
  return after;
}

namespace {

// The tokens' queries of all heads, token after token.
SharedMatrix token_queries(const Plan& plan, std::size_t layer, std::uint64_t first, std::size_t tokens) {
  const std::size_t rows = tokens * plan.shape.query_heads;
  const std::uint64_t seed = random_stream(plan.seed + 77, layer * 4096 + first);
  return stored_rows(make_rows(Nature::uniform, seed, rows, DType::bf16, plan.shape.key_dim), rows, plan.shape.key_dim,
                     DType::bf16);
}

}  // namespace

// Where `fresh`, or where the pages are too few, into new ones.
void Sequence::write_pages(LayerText& layer, std::size_t begin, bool fresh) const {
  const rattan_shape& shape = plan_->shape;
  const std::size_t width = dtype_size(plan_->dtype());
  const std::size_t needed = (layer.tokens + plan_->page_rows - 1) / plan_->page_rows;
  if (fresh || layer.pages == nullptr || layer.pages->table.size() < needed) {
    constexpr std::size_t spare = 8;
    layer.pages = std::make_shared<Pages>();
    layer.pages->table.resize(needed + spare);
    std::iota(layer.pages->table.rbegin(), layer.pages->table.rend(), 0U);
    const std::size_t rows = layer.pages->table.size() * plan_->page_rows * shape.kv_heads;
    layer.pages->keys.assign(rows * shape.key_dim * width, std::byte{0xff});
    layer.pages->values.assign(rows * shape.value_dim * width, std::byte{0xff});
    begin = plan_->copies_pages() ? begin : 0;
  }
  const auto write = [&](std::vector<std::byte>& pool, const std::vector<float>& text, std::size_t dim, std::size_t h) {
    for (std::size_t t = begin; t < layer.tokens; ++t) {
      const std::size_t row = layer.pages->table[t / plan_->page_rows] * plan_->page_rows + t % plan_->page_rows;
      std::byte* const to = pool.data() + (row * shape.kv_heads + h) * dim * width;
      for (std::size_t c = 0; c < dim; ++c) store(text[t * dim + c], plan_->dtype(), to + c * width);
    }
  };
  for (std::size_t h = 0; h < shape.kv_heads; ++h) {
    write(layer.pages->keys, layer.heads[h].keys, shape.key_dim, h);
    write(layer.pages->values, layer.heads[h].values, shape.value_dim, h);
  }
}

// A seal in the background may read pages of before.
void Sequence::keep_for_seals(const std::shared_ptr<Pages>& pages) {
  if (plan_->params.background_seal == RATTAN_ON && pages != nullptr) former_pages_.push_back(pages);
}

std::vector<rattan_matrix> Sequence::page_matrices(const LayerText& layer, bool of_keys) const {
  const rattan_shape& shape = plan_->shape;
  const std::size_t dim = of_keys ? shape.key_dim : shape.value_dim;
  const std::vector<std::byte>& pool = of_keys ? layer.pages->keys : layer.pages->values;
  std::vector<rattan_matrix> all;
  for (std::size_t h = 0; h < shape.kv_heads; ++h) {
    const std::byte* const first = pool.data() + h * dim * dtype_size(plan_->dtype());
    rattan_matrix& matrix = all.emplace_back(matrix_of(first, plan_->dtype(), layer.tokens, dim));
    matrix.row_stride = shape.kv_heads * dim;
    matrix.block_table = layer.pages->table.data();
    matrix.block_rows = plan_->page_rows;
  }
  return all;
}

std::vector<rattan_matrix> Sequence::borrowed_matrices(const LayerText& layer, bool of_keys) {
  const std::size_t dim = of_keys ? plan_->shape.key_dim : plan_->shape.value_dim;
  std::vector<rattan_matrix> all;
  for (const HeadText& head : layer.heads) {
    borrowed_.push_back(stored_rows(of_keys ? head.keys : head.values, layer.tokens, dim, plan_->dtype()));
    all.push_back(matrix_of(borrowed_.back().view.data, plan_->dtype(), layer.tokens, dim));
  }
  return all;
}

void Sequence::build(std::size_t tokens, bool with_queries) {
  const rattan_shape& shape = plan_->shape;
  for (std::uint32_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].built) continue;
    LayerText text = next_text({}, i, tokens);
    if (plan_->paged) write_pages(text, 0, true);
    const auto keys = plan_->paged ? page_matrices(text, true) : borrowed_matrices(text, true);
    const auto values = plan_->paged ? page_matrices(text, false) : borrowed_matrices(text, false);
    std::vector<SharedMatrix> owners;
    std::vector<rattan_matrix> queries;
    for (std::size_t h = 0; h < shape.query_heads && with_queries; ++h) {
      const std::uint64_t seed = random_stream(plan_->seed + 78, h);
      owners.push_back(stored_rows(make_rows(Nature::uniform, seed, tokens, DType::f16, shape.key_dim), tokens,
                                   shape.key_dim, DType::f16));
      queries.push_back(matrix_of(owners.back().view.data, DType::f16, tokens, shape.key_dim));
    }
    const rattan_status status =
        rattan_build_layer(context_, i, keys.data(), values.data(), with_queries ? queries.data() : nullptr, nullptr);
    if (tokens > plan_->params.capacity) {
      require(status == RATTAN_INVALID_ARGUMENT, "more tokens than the capacity are refused");
      break;
    }
    took(status);
    if (status != RATTAN_OK) break;
    text.built = true;
    if (plan_->copies_pages()) text.pages = nullptr;
    layers_[i] = std::move(text);
  }
  next_row_ += tokens;
  check_tokens();
}

bool Sequence::append_to(std::size_t layer, std::size_t tokens, bool with_queries) {
  const rattan_shape& shape = plan_->shape;
  const auto number = static_cast<std::uint32_t>(layer);
  const std::size_t before = layers_[layer].tokens;
  const std::shared_ptr<Pages> former = layers_[layer].pages;
  LayerText text = next_text(layers_[layer], layer, tokens);
  const SharedMatrix asked = token_queries(*plan_, layer, next_row_, with_queries ? tokens : 0);
  const rattan_matrix queries = matrix_of(asked.view.data, DType::bf16, asked.view.rows, shape.key_dim);
  rattan_status status = RATTAN_OK;
  if (plan_->paged) {
    // Pages that a fork reads are left as they are.
    write_pages(text, before, former.use_count() > 3);
    const auto keys = page_matrices(text, true);
    const auto values = page_matrices(text, false);
    status =
        rattan_append_pages(context_, number, tokens, keys.data(), values.data(), with_queries ? &queries : nullptr);
  } else {
    std::vector<float> keys;
    std::vector<float> values;
    for (std::size_t t = before; t < before + tokens; ++t) {
      for (const HeadText& head : text.heads) {
        const auto add = [t](std::vector<float>& to, const std::vector<float>& from, std::size_t dim) {
          to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(t * dim),
                    from.begin() + static_cast<std::ptrdiff_t>((t + 1) * dim));
        };
        add(keys, head.keys, shape.key_dim);
        add(values, head.values, shape.value_dim);
      }
    }
    const std::size_t rows = tokens * shape.kv_heads;
    const SharedMatrix k = stored_rows(keys, rows, shape.key_dim, plan_->dtype());
    const SharedMatrix v = stored_rows(values, rows, shape.value_dim, plan_->dtype());
    const rattan_matrix key_rows = matrix_of(k.view.data, plan_->dtype(), rows, shape.key_dim);
    const rattan_matrix value_rows = matrix_of(v.view.data, plan_->dtype(), rows, shape.value_dim);
    status = rattan_append(context_, number, tokens, &key_rows, &value_rows, with_queries ? &queries : nullptr);
  }
  if (before + tokens > plan_->params.capacity) {
    require(status == RATTAN_INVALID_ARGUMENT, "more tokens than the capacity are refused");
  } else {
    took(status);
  }
  if (status == RATTAN_OK) {
    keep_for_seals(former);
    layers_[layer] = std::move(text);
  }
  if (plan_->copies_pages()) layers_[layer].pages = nullptr;
  return status == RATTAN_OK;
}

void Sequence::append(std::size_t tokens, bool with_queries) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].built) append_to(i, tokens, with_queries);
  }
  next_row_ += tokens;
  check_tokens();
}

}  // namespace rattan::fuzz
