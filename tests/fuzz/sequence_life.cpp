// The rest of a sequence's life: seals, truncation, forks, files, pages that move.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "tests/fuzz/sequence.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {

void Sequence::seal(std::uint32_t layer, bool rebuild) {
  if (!layers_[layer].built) return;
  took(rebuild ? rattan_rebuild(context_, layer) : rattan_seal(context_, layer));
  check_tokens();
}

void Sequence::truncate(std::size_t tokens) {
  const std::size_t most = most_tokens();
  const rattan_status status = rattan_truncate(context_, tokens);
  require(status == (tokens <= most ? RATTAN_OK : RATTAN_INVALID_ARGUMENT), "truncate takes as many as there are");
  if (status != RATTAN_OK) return check_tokens();
  within_limit_ = false;
  for (LayerText& layer : layers_) {
    layer.tokens = std::min(layer.tokens, tokens);
    for (HeadText& head : layer.heads) {
      head.keys.resize(layer.tokens * plan_->shape.key_dim);
      head.values.resize(layer.tokens * plan_->shape.value_dim);
    }
  }
  check_tokens();
}

void Sequence::invalidate() {
  require_ok(rattan_invalidate(context_), "invalidate succeeds");
  for (LayerText& layer : layers_) layer = {};
  check_tokens();
}

// Every token to other pages; those of before are overwritten where no fork reads them.
void Sequence::move_pages() {
  if (!plan_->paged || plan_->copies_pages()) return;
  for (std::uint32_t i = 0; i < layers_.size(); ++i) {
    if (!layers_[i].built) continue;
    const std::shared_ptr<Pages> former = std::exchange(layers_[i].pages, nullptr);
    write_pages(layers_[i], 0, true);
    const auto keys = page_matrices(layers_[i], true);
    const auto values = page_matrices(layers_[i], false);
    const rattan_status status = rattan_append_pages(context_, i, 0, keys.data(), values.data(), nullptr);
    took(status);
    if (status != RATTAN_OK) {
      layers_[i].pages = former;
    } else if (former != nullptr && former.use_count() == 1 && plan_->params.background_seal == RATTAN_OFF) {
      std::ranges::fill(former->keys, std::byte{0xff});
      std::ranges::fill(former->values, std::byte{0xff});
    }
    keep_for_seals(former);
  }
  check_tokens();
}

std::unique_ptr<Sequence> Sequence::fork() const {
  rattan_context* made = nullptr;
  const rattan_status status = rattan_context_fork(context_, &made);
  took(status);
  if (status != RATTAN_OK) return nullptr;
  std::unique_ptr<Sequence> other(new Sequence(plan_, made));
  other->layers_ = layers_;
  other->borrowed_ = borrowed_;
  other->former_pages_ = former_pages_;
  other->next_row_ = next_row_ + 100'000;
  other->within_limit_ = within_limit_;
  other->check_tokens();
  return other;
}

std::unique_ptr<Sequence> Sequence::save_and_open(const char* folder) const {
  const rattan_status saved = rattan_context_save(context_, folder);
  took(saved);
  if (saved != RATTAN_OK) return nullptr;
  auto other = std::make_unique<Sequence>(plan_);
  const std::size_t tokens = fewest_tokens();
  for (std::uint32_t i = 0; i < layers_.size(); ++i) {
    LayerText text = layers_[i];
    text.tokens = tokens;
    text.pages = nullptr;
    for (HeadText& head : text.heads) {
      head.keys.resize(tokens * plan_->shape.key_dim);
      head.values.resize(tokens * plan_->shape.value_dim);
    }
    if (plan_->paged) write_pages(text, 0, true);
    const auto keys = plan_->paged ? page_matrices(text, true) : other->borrowed_matrices(text, true);
    const auto values = plan_->paged ? page_matrices(text, false) : other->borrowed_matrices(text, false);
    const rattan_status status = rattan_open_layer(other->context_, folder, i, keys.data(), values.data());
    took(status);
    if (status != RATTAN_OK) return nullptr;
    text.built = true;
    if (plan_->copies_pages()) text.pages = nullptr;
    other->layers_[i] = std::move(text);
  }
  other->next_row_ = next_row_ + 200'000;
  other->check_tokens();
  return other;
}

}  // namespace rattan::fuzz
