// Keys and values that a layer is built of, or opened over: matrices of every KV head, or pages.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "context/context_checks.h"
#include "context/head_prefix.h"
#include "rattan/context.h"
#include "rattan/executor.h"
#include "scan/checked_matrix.h"

namespace rattan {

class LayerInput {
 public:
  // Throws what check_prefill and check_pages do. Elements of pages are not looked at before head().
  LayerInput(const ContextShape& shape, const ContextParams& params, std::span<const SharedMatrix> keys,
             std::span<const SharedMatrix> values);
  LayerInput(const ContextShape& shape, const ContextParams& params, std::span<const PagedRows> keys,
             std::span<const PagedRows> values);

  std::size_t heads() const noexcept { return paged() ? pages_.size() : prefill_.keys.size(); }
  std::size_t rows() const noexcept { return rows_; }
  bool paged() const noexcept { return !pages_.empty(); }
  std::span<const HeadPages> pages() const noexcept { return pages_; }

  // Throws Error(invalid_argument) naming row and column of an element that is not allowed.
  HeadRows head(std::size_t h) const;

 private:
  LayerInput(const ContextShape& shape, const ContextParams& params, std::size_t rows);

  Executor& executor_;
  DType dtype_;
  std::size_t key_dim_;
  std::size_t value_dim_;
  std::size_t rows_;
  CheckedPrefill prefill_;
  std::vector<HeadPages> pages_;
};

}  // namespace rattan
