// What Context's members ask of their arguments; each throws Error(invalid_argument) naming the parameter, its value
// and what is allowed, before anything is changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "context/head_prefix.h"
#include "core/check.h"
#include "rattan/context.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "scan/checked_matrix.h"

namespace rattan {

// What `check` throws, with the layer in front.
template <typename Check>
decltype(auto) in_layer(std::uint32_t layer, const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    fail(error.code(), "layer ", layer, ": ", error.what());
  }
}

// Keys and values of a prefill: one matrix per KV head.
struct CheckedPrefill {
  std::vector<CheckedMatrix> keys;
  std::vector<CheckedMatrix> values;
};
CheckedPrefill check_prefill(const ContextShape& shape, std::size_t capacity, std::span<const SharedMatrix> keys,
                             std::span<const SharedMatrix> values, Executor& executor);

// Rows in pages, one of each per KV head, of `rows` rows each; `why` there are so many. No element is looked at.
std::vector<HeadPages> check_pages(const ContextShape& shape, std::size_t rows, std::string_view why,
                                   std::span<const PagedRows> keys, std::span<const PagedRows> values);

// One matrix per query head, or none.
void check_queries(const ContextShape& shape, std::span<const MatrixView> queries,
                   std::span<const std::int64_t> positions, Executor& executor);

// `tokens` more tokens where there are `before` already.
void check_tokens(const ContextShape& shape, std::size_t capacity, std::size_t before, std::size_t tokens,
                  const MatrixView& keys, const MatrixView& values, const MatrixView& queries);

// The same of tokens that are in pages already: `pages` of all heads, as check_pages made them.
void check_page_tokens(const ContextShape& shape, std::size_t before, std::size_t tokens,
                       std::span<const HeadPages> pages, const MatrixView& queries);

// Of a layer of `tokens` tokens.
void check_decode(const ContextShape& shape, std::size_t tokens, const MatrixView& queries, std::size_t output,
                  std::size_t lse, const DecodeParams& params);

}  // namespace rattan
