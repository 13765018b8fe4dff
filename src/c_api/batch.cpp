#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <memory>
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

struct Batch {
  Batch(const rattan_decode_item* given, std::size_t count) : owners(count), items(count) {
    if (count == 0) return;
    const std::uint32_t stride = required(given, "items").struct_size;
    const auto* bytes = reinterpret_cast<const std::byte*>(given);
    for (std::size_t i = 0; i < count; ++i, bytes += stride) {
      try {
        items[i] = to_item(*reinterpret_cast<const rattan_decode_item*>(bytes), owners[i]);
      } catch (const rattan::Error& error) {
        rattan::fail(error.code(), "items[", i, "]: ", error.what());
      }
    }
  }

  std::vector<rattan::SharedMatrix> owners;
  std::vector<rattan::Context::DecodeItem> items;
};

// What a submission has come to. Who waits may be gone before whoever has done it knows: both hold on to it.
struct Outcome {
  std::atomic<int> done{0};
  rattan_status status = RATTAN_OK;
  std::array<char, 1024> error{};
};

// On a thread of the library.
void decode(const Batch& batch, Outcome& outcome) {
  outcome.status = guarded([&] { rattan::Context::decode_batch(batch.items); });
  if (outcome.status != RATTAN_OK) std::snprintf(outcome.error.data(), outcome.error.size(), "%s", rattan_last_error());
  outcome.done.store(1);
  outcome.done.notify_all();
}

}  // namespace

struct rattan_pending {
  std::shared_ptr<rattan::Background> background;
  std::shared_ptr<Outcome> outcome;
};

rattan_status rattan_decode_batch(const rattan_decode_item* items, size_t count) {
  return guarded([&] { rattan::Context::decode_batch(Batch(items, count).items); });
}

rattan_status rattan_submit(const rattan_decode_item* items, size_t count, rattan_pending** pending) {
  return guarded([&] {
    required(pending, "pending");
    const auto batch = std::make_shared<const Batch>(items, count);
    auto made = std::make_unique<rattan_pending>();
    made->outcome = std::make_shared<Outcome>();
    if (count == 0) {
      made->outcome->done.store(1);
    } else {
      made->background = items->context->submitted;
      made->background->run([batch, outcome = made->outcome] { decode(*batch, *outcome); });
    }
    *pending = made.release();
  });
}

rattan_status rattan_wait(rattan_pending* pending) {
  const std::unique_ptr<rattan_pending> owner(pending);
  const rattan_status waited = guarded([&] {
    required(pending, "pending");
    if (pending->background) pending->background->go_on();  // in a forked child
    pending->outcome->done.wait(0);
  });
  if (waited != RATTAN_OK || pending->outcome->status == RATTAN_OK) return waited;
  return c_api::remember(pending->outcome->status, pending->outcome->error.data());
}
