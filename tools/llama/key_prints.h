// Short prints of the keys of one layer, by which keys are known again that somebody else may have overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace rattan::llama {

// Of a deep layer: its keys depend on all tokens before them, so that the newest ones tell for the whole sequence.
class KeyPrints {
 public:
  // Bytes of the key row (all heads) at a position.
  using Row = std::function<std::span<const std::byte>(std::size_t position)>;

  std::size_t size() const noexcept { return prints_.size(); }
  // Prints rows from size() to `tokens`.
  void extend(std::size_t tokens, const Row& row);
  void cut(std::size_t tokens);
  // Whether rows below `tokens` that are looked at have their prints still: the newest 32, and 32 others, which change
  // from call to call.
  bool match(std::size_t tokens, const Row& row);

 private:
  std::vector<std::uint32_t> prints_;
  std::uint64_t random_ = 1;
};

}  // namespace rattan::llama
