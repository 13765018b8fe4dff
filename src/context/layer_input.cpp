#include "context/layer_input.h"

#include <string>

#include "core/grown_rows.h"
#include "core/parallel.h"

namespace rattan {
namespace {

CheckedMatrix checked_rows(const PageRows& pages, const MatrixView& like, const std::string& name, Executor& executor,
                           std::shared_ptr<const void>& gathered) {
  SplitRows rows(like);
  rows.pages = &pages;
  SharedMatrix together = in_one_place(rows, 0, like.rows);
  gathered = std::move(together.owner);
  return CheckedMatrix(together.view, name, executor, Allowed::below_2_24);
}

}  // namespace

LayerInput::LayerInput(const ContextShape& shape, const ContextParams& params, std::size_t rows)
    : executor_(executor_or_default(params.executor)),
      dtype_(shape.dtype),
      key_dim_(shape.key_dim),
      value_dim_(shape.value_dim),
      rows_(rows) {}

LayerInput::LayerInput(const ContextShape& shape, const ContextParams& params, std::span<const SharedMatrix> keys,
                       std::span<const SharedMatrix> values)
    : LayerInput(shape, params, keys.empty() ? 0 : keys.front().view.rows) {
  prefill_ = check_prefill(shape, params.capacity, keys, values, executor_);
}

LayerInput::LayerInput(const ContextShape& shape, const ContextParams& params, std::span<const PagedRows> keys,
                       std::span<const PagedRows> values)
    : LayerInput(shape, params, keys.empty() ? 0 : keys.front().rows) {
  check_range<std::size_t>("keys[0].rows", rows_, 0, params.capacity);
  pages_ = check_pages(shape, rows_, "the rows of keys[0]", keys, values);
}

HeadRows LayerInput::head(std::size_t h) const {
  if (!paged()) return {prefill_.keys[h], prefill_.values[h]};
  HeadRows head;
  head.keys = checked_rows(pages_[h].keys, MatrixView(nullptr, dtype_, rows_, key_dim_), message("keys[", h, "]"),
                           executor_, head.gathered_keys);
  head.values = checked_rows(pages_[h].values, MatrixView(nullptr, dtype_, rows_, value_dim_),
                             message("values[", h, "]"), executor_, head.gathered_values);
  return head;
}

}  // namespace rattan
