#include <cstddef>
#include <vector>

#include "c_api/handle.h"
#include "c_api/matrices.h"
#include "c_api/status.h"
#include "c_api/structs.h"

using rattan::c_api::guarded;
using rattan::c_api::required;

namespace {

namespace c_api = rattan::c_api;

// `owner` keeps rows that were gathered from blocks.
rattan::Context::DecodeItem to_item(const rattan_decode_item& given, rattan::SharedMatrix& owner) {
  rattan_decode_item item;
  rattan_decode_item_init(&item);
  item = c_api::read_struct(given, item, "item");
  rattan::Context::DecodeItem to;
  to.context = &required(item.context, "context").context;
  to.layer = item.layer;
  owner = c_api::to_matrix(required(item.queries, "queries"), "queries");
  to.queries = owner.view;
  if (item.budget != nullptr) to.params.budget = c_api::to_budget(*item.budget);
  if (item.rows != 0) to.params.rows = item.rows;
  if (item.visible_tokens != 0) to.params.visible_tokens = item.visible_tokens;
  const rattan::ContextShape& shape = to.context->shape();
  if (item.sink_logits != nullptr) to.params.sink_logits = {item.sink_logits, shape.query_heads};
  const std::size_t rows = std::size_t{to.params.rows} * shape.query_heads;
  to.output = {&required(item.output, "output"), rows * shape.value_dim};
  if (item.lse != nullptr) to.lse = {item.lse, rows};
  return to;
}

}  // namespace

rattan_status rattan_decode_batch(const rattan_decode_item* items, size_t count) {
  return guarded([&] {
    if (count == 0) return;
    const std::uint32_t stride = required(items, "items").struct_size;
    std::vector<rattan::SharedMatrix> owners(count);
    std::vector<rattan::Context::DecodeItem> all(count);
    const auto* bytes = reinterpret_cast<const std::byte*>(items);
    for (std::size_t i = 0; i < count; ++i, bytes += stride) {
      try {
        all[i] = to_item(*reinterpret_cast<const rattan_decode_item*>(bytes), owners[i]);
      } catch (const rattan::Error& error) {
        rattan::fail(error.code(), "items[", i, "]: ", error.what());
      }
    }
    rattan::Context::decode_batch(all);
  });
}
