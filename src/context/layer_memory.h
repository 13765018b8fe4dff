// Keeps what the KV heads of a layer hold within their shares of ContextParams::memory_limit while they grow: tokens
// that a writer appends and segments that a sealer makes beside it never take the same bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "context/kv_head.h"
#include "context/memory_limit.h"

namespace rattan {

class LayerMemory {
 public:
  using Heads = std::span<const std::unique_ptr<KvHead>>;

  // The heads of the calls below. Without a limit they do nothing, and everything fits.
  LayerMemory(const MemoryShare& share, std::size_t heads) : share_(share), promised_(heads) {}

  // The writer, before it appends; no seal is promised memory until the lock goes. Recent queries are
  // forgotten where there is too little. Throws Error(no_memory) where `tokens` more do not fit into some head; then
  // nothing has changed.
  using Lock = std::unique_lock<std::mutex>;
  Lock lock_for(Heads heads, std::size_t tokens);
  // With that lock: whether `rows` queries may be kept beside these tokens.
  bool fits_queries(Heads heads, std::size_t head, std::size_t tokens, std::size_t rows) const;

  // What a build in the background of this head may come to, until it is done.
  void hold(std::size_t head, std::size_t bytes);
  void release(Heads heads, std::size_t head);

  // Whether a segment of the `count` oldest sealable tokens of a head fits.
  bool fits_segment(Heads heads, std::size_t head, std::size_t count);

  // What becomes of a head that outgrows its index at `tokens` tokens: it is promoted where there is something to gain
  // and room for it. Else it is to stay as it is, and reports why.
  std::optional<HeadFit> fit_promotion(Heads heads, std::size_t head, std::size_t tokens) const;

  // The sealer: memory for a segment or a promotion of each head, until the promise ends.
  class Promise {
   public:
    // counts: tokens of each segment. All of them or, with Error(no_memory), none; or those that fit, the counts of
    // others become 0. promotions: of each head, or none.
    enum class Which { all, fitting };
    Promise(LayerMemory& memory, Heads heads, std::span<std::size_t> counts, Which which,
            std::span<const std::optional<HeadFit>> promotions = {});
    ~Promise();
    Promise(const Promise&) = delete;
    Promise& operator=(const Promise&) = delete;

    // The segment of this head is made, or there was none.
    void keep(std::size_t head);

   private:
    LayerMemory& memory_;
    Heads heads_;
  };

 private:
  // Unused bytes of a head's share; with the lock.
  std::size_t unused(const KvHead& head, std::size_t promised) const noexcept;
  std::size_t promised_bytes(const KvHead& head, std::size_t count) const noexcept;

  MemoryShare share_;
  std::mutex mutex_;
  std::vector<std::size_t> promised_;  // by head: what its sealed_bytes() may become; 0: nothing is being made
};

}  // namespace rattan
