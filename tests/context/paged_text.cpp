#include "tests/context/paged_text.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/random.h"

namespace rattan::test {

PagedText::PagedText(const SyntheticText& text, std::size_t page_rows, std::size_t capacity, std::uint64_t seed)
    : text_(&text), page_rows_(page_rows), table_((capacity + page_rows - 1) / page_rows) {
  std::iota(table_.begin(), table_.end(), 0U);
  for (std::size_t i = table_.size(); i > 1; --i) std::swap(table_[i - 1], table_[random_below(seed, i, i)]);
  const ContextShape& shape = text.shape();
  const std::size_t row_bytes = shape.kv_heads * dtype_size(shape.dtype) * table_.size() * page_rows;
  constexpr std::byte of_nan{0xff};
  keys_.assign(shape.layers, std::vector<std::byte>(row_bytes * shape.key_dim, of_nan));
  values_.assign(shape.layers, std::vector<std::byte>(row_bytes * shape.value_dim, of_nan));
}

std::byte* PagedText::row(std::vector<std::byte>& pool, std::size_t token, std::size_t head_bytes,
                          std::size_t head) const {
  const std::size_t at = table_[token / page_rows_] * page_rows_ + token % page_rows_;
  return pool.data() + (at * text_->shape().kv_heads + head) * head_bytes;
}

void PagedText::write(const SyntheticText& from, std::size_t begin, std::size_t count) {
  for (std::size_t layer = 0; layer < keys_.size(); ++layer) {
    const auto keys = from.keys(layer, begin + count);
    const auto values = from.values(layer, begin + count);
    for (std::size_t h = 0; h < keys.size(); ++h) {
      for (std::size_t t = begin; t < begin + count; ++t) {
        const std::size_t key_bytes = keys[h].view.row_bytes();
        const std::size_t value_bytes = values[h].view.row_bytes();
        std::memcpy(row(keys_[layer], t, key_bytes, h), keys[h].view.row(t), key_bytes);
        std::memcpy(row(values_[layer], t, value_bytes, h), values[h].view.row(t), value_bytes);
      }
    }
  }
}

void PagedText::move() {
  const auto elsewhere = [](auto& from) {
    auto copy = from;
    std::swap(copy, from);
    std::memset(copy.data(), 0xff, copy.size() * sizeof(copy[0]));
  };
  elsewhere(table_);
  for (auto* const pools : {&keys_, &values_}) {
    for (auto& pool : *pools) elsewhere(pool);
  }
}

std::vector<PagedRows> PagedText::rows(const std::vector<std::byte>& pool, std::size_t dim, std::size_t tokens) const {
  const ContextShape& shape = text_->shape();
  std::vector<PagedRows> all;
  for (std::size_t h = 0; h < shape.kv_heads; ++h) {
    const std::byte* const first = pool.data() + h * dim * dtype_size(shape.dtype);
    all.push_back({first, shape.dtype, tokens, dim, shape.kv_heads * dim, table_, page_rows_, 0});
  }
  return all;
}

std::vector<PagedRows> PagedText::keys(std::size_t layer, std::size_t tokens) const {
  return rows(keys_[layer], text_->shape().key_dim, tokens);
}
std::vector<PagedRows> PagedText::values(std::size_t layer, std::size_t tokens) const {
  return rows(values_[layer], text_->shape().value_dim, tokens);
}

void PagedText::build(Context& context, std::size_t prefill, bool with_queries) {
  write(*text_, 0, prefill);
  for (std::uint32_t layer = 0; layer < keys_.size(); ++layer) {
    context.build_layer(layer, keys(layer, prefill), values(layer, prefill),
                        with_queries ? text_->queries(layer, prefill) : std::vector<MatrixView>());
  }
}

void PagedText::append(Context& context, const SyntheticText& from, std::size_t begin, std::size_t count) {
  write(from, begin, count);
  for (std::uint32_t layer = 0; layer < keys_.size(); ++layer) {
    context.append_pages(layer, count, keys(layer, begin + count), values(layer, begin + count),
                         from.token_queries(layer, begin, count).view);
  }
}

}  // namespace rattan::test
