// A context of one layer over random text, through the C API alone.
#pragma once

#include <cstdint>
#include <vector>

#include "rattan/c.h"
#include "tests/support/c_contexts.h"
#include "tests/support/c_matrices.h"
#include "tests/support/matrices.h"

namespace rattan::test {

class SmallContext {
 public:
  static constexpr std::uint32_t kv_heads = 2;
  static constexpr std::uint32_t query_heads = 4;
  static constexpr std::uint32_t dim = 16;
  static constexpr std::size_t prefill = 900;

  static constexpr SmallSizes sizes{.kv_heads = kv_heads,
                                    .query_heads = query_heads,
                                    .dim = dim,
                                    .sinks = 4,
                                    .recent = 16,
                                    .k = 20,
                                    .clusters = 16,
                                    .links_k = 16};

  // A small window and no automatic seals.
  static rattan_params default_params() {
    rattan_params params = params_of(sizes);
    params.capacity = 4096;
    return params;
  }

  explicit SmallContext(const rattan_params& params) {
    created_ = create_context(sizes, params, &context_) == RATTAN_OK;
    for (std::uint64_t head = 0; head < query_heads; ++head) {
      if (head < kv_heads) {
        owned_.push_back(random_matrix(prefill, dim, 10 + head));
        keys_.push_back(matrix_of(owned_.back().view));
        owned_.push_back(random_matrix(prefill, dim, 20 + head));
        values_.push_back(matrix_of(owned_.back().view));
      }
      owned_.push_back(random_matrix(prefill, dim, 30 + head));
      queries_.push_back(matrix_of(owned_.back().view));
    }
  }
  ~SmallContext() { destroy(); }
  SmallContext(const SmallContext&) = delete;
  SmallContext& operator=(const SmallContext&) = delete;

  rattan_context* get() const noexcept { return context_; }
  void destroy() {
    rattan_context_destroy(context_);
    context_ = nullptr;
  }

  // True where the function said RATTAN_OK.
  bool build() {
    return created_ &&
           rattan_build_layer(context_, 0, keys_.data(), values_.data(), queries_.data(), nullptr) == RATTAN_OK;
  }
  bool append(std::size_t tokens) {
    const SharedMatrix keys = random_matrix(tokens * kv_heads, dim, 40);
    const SharedMatrix queries = random_matrix(tokens * query_heads, dim, 41);
    const rattan_matrix k = matrix_of(keys.view);
    const rattan_matrix q = matrix_of(queries.view);
    return rattan_append(context_, 0, tokens, &k, &k, &q) == RATTAN_OK;
  }
  bool decode() const {
    const SharedMatrix queries = random_matrix(query_heads, dim, 50);
    const rattan_matrix q = matrix_of(queries.view);
    std::vector<float> output(query_heads * dim);
    return rattan_decode(context_, 0, &q, output.data(), nullptr, nullptr) == RATTAN_OK && output[0] != 0;
  }
  std::uint64_t tokens() const {
    std::uint64_t count = 0;
    return rattan_tokens(context_, 0, &count) == RATTAN_OK ? count : 0;
  }

 private:
  rattan_context* context_ = nullptr;
  bool created_ = false;
  std::vector<SharedMatrix> owned_;
  std::vector<rattan_matrix> keys_;
  std::vector<rattan_matrix> values_;
  std::vector<rattan_matrix> queries_;
};

}  // namespace rattan::test
