// One built layer of one sequence: its KV heads, which grow together, and how many of their tokens are visible.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "context/kv_head.h"
#include "context/layer_memory.h"
#include "context/pending_build.h"
#include "core/fork.h"
#include "rattan/context.h"

namespace rattan {

class Layer {
 public:
  // All prefixes have the same number of rows, and fit into the share. pages: where those of each head and all rows to
  // come lie; none: rows to come are copied.
  Layer(std::span<const std::shared_ptr<const HeadPrefix>> prefixes, const ContextParams& params,
        const MemoryShare& share = {}, std::span<const HeadPages> pages = {});

  // Another sequence that goes on from all tokens of `other`, beside anything but truncate. What is pending there is
  // here, too.
  Layer(const Layer& other, const MemoryShare& share);

  std::size_t heads() const noexcept { return heads_.size(); }
  const KvHead& head(std::size_t i) const noexcept { return *heads_[i]; }
  std::size_t prefill() const noexcept { return heads_.front()->prefix().rows(); }
  std::size_t tokens() const noexcept { return tokens_.load(std::memory_order_acquire); }

  // Before anybody knows of the layer: the prefill's queries, one matrix per query head, for promotions to come.
  void keep_evidence(std::span<const MatrixView> queries, std::span<const std::int64_t> positions);

  // Likewise: what each head searches until its build is done. Heads that wait for one are not sealed.
  using Builds = std::vector<std::shared_ptr<PendingBuild>>;
  void expect_builds(std::vector<std::shared_ptr<const HeadIndex>> until, Builds builds);
  bool building(std::size_t head) const;
  bool building() const;
  // Builds the head, where its build is pending still, beside append and readers. What it throws waits for
  // rethrow_failure(), and the build is dropped; where the executor was stopped it stays.
  void try_build(std::size_t head, Stoppable& executor, const ExactTopK* exact) noexcept;
  // The head stays as it is until the next seal, which promotes it.
  void drop_build(std::size_t head) noexcept;
  void drop_builds() noexcept;

  // The same of what other heads had kept, by head; nothing where they had other query heads.
  void restore_evidence(std::span<const QueryEvidence::Copy> kept, std::size_t group);

  // The writer. Matrices as Context::append has them, checked. Throws Error(no_memory) where there is no room; then
  // nothing was appended.
  void append(std::size_t tokens, const MatrixView& keys, const MatrixView& values, const MatrixView& queries);

  bool paged() const noexcept { return heads_.front()->paged(); }
  // The same of tokens in pages: of all heads, with all tokens that there are then.
  void append_pages(std::size_t tokens, std::span<const HeadPages> pages, const MatrixView& queries);

  // Not beside a seal or a reader, nor beside a build in the background without this lock. In two halves: all that may
  // fail, and what cannot.
  std::unique_lock<ForkSafeMutex> lock_builds() const { return std::unique_lock(building_); }
  using Truncation = std::vector<KvHead::Truncation>;  // by head; empty: there are no more tokens
  Truncation prepare_truncation(std::size_t tokens);
  void truncate(std::size_t tokens, Truncation prepared) noexcept;
  void truncate(std::size_t tokens) { truncate(tokens, prepare_truncation(tokens)); }

  // Whether `count` tokens outside the window wait to be sealed in some head, which is to be promoted or has room for
  // their older half. No head is sealed while one is being built; one whose build was dropped is promoted whatever
  // waits.
  bool waiting(std::size_t count);
  // anew: as all, and every head is promoted that there is room for.
  enum class Part { all, older_half, anew };
  // Seals them on the calling thread, beside append and readers; two calls wait for each other. A head that has
  // outgrown its index is promoted instead. all, anew: where it throws nothing was sealed, as where some head has no
  // room, Error(no_memory). older_half: such a head is left out, and heads are sealed one by one. exact: that makes
  // links; null: the CPU's.
  void seal(Part part, Executor& executor, const ExactTopK* exact = nullptr);

  // The same, but what it throws waits for rethrow_failure(), which the writer's next call begins with. Nothing does
  // where the executor was stopped.
  void try_seal(Part part, Executor& executor) noexcept;
  void rethrow_failure();

  // True for who may order a seal in the background; one may at a time, until seal_ended().
  bool order_seal() noexcept { return !ordered_.exchange(true); }
  void seal_ended() noexcept { ordered_.store(false); }

 private:
  void keep_queries(std::size_t tokens, const MatrixView& queries);
  void keep_failure() noexcept;

  std::vector<std::unique_ptr<KvHead>> heads_;
  LayerMemory memory_;
  std::atomic<std::size_t> tokens_;
  std::mutex sealing_;
  mutable ForkSafeMutex building_;  // of what follows, and of the heads' first indexes
  Builds builds_;                   // by head; null: none is pending. Empty: nowhere
  std::mutex failing_;
  std::exception_ptr failure_;
  std::atomic<bool> ordered_{false};
};

}  // namespace rattan
