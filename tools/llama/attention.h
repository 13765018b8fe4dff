// Attention by Rattan's contexts: who calls it says what is written to caches, and offers every attention node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attention_node.h"
#include "cache_group.h"
#include "rattan/executor.h"
#include "settings.h"

namespace rattan::llama {

// Consecutive rows of one stream.
struct RowRange {
  std::size_t first = 0;
  std::size_t count = 0;
};

class Attention {
 public:
  explicit Attention(Settings settings);
  ~Attention();
  Attention(const Attention&) = delete;
  Attention& operator=(const Attention&) = delete;

  void set_threads(unsigned threads);

  // Before keys of `layer` are written to these cells, counted over all streams: one a token of the batch.
  void writes(int layer, std::span<const std::int64_t> cells);
  // Keys or values of `layer` are changed by anything else.
  void rewritten(int layer);

  // Writes the output of rows that contexts answer; the others are returned, and get full attention elsewhere. Throws
  // nothing: what goes wrong in Rattan leaves rows to full attention.
  std::vector<RowRange> answer(const AttentionNode& node) noexcept;

  // "rattan: ..." for people.
  std::string statistics() const;

 private:
  // Rows of one sequence that come one behind the other.
  struct Run {
    RowRange rows;
    RowPlan last;
  };

  CacheGroup& group_of(const AttentionNode& node);
  std::vector<Run> runs(const AttentionNode& node, std::span<const RowPlan> plan) const;
  bool serves(const CacheGroup& group, const AttentionNode& node, const Run& run) const;
  bool prepare(CacheGroup& group, const AttentionNode& node, const Run& run);
  void decode(CacheGroup& group, const AttentionNode& node, std::span<const Run> served);
  void attend(const AttentionNode& node, std::vector<RowRange>& left_over);
  void count_answered(Sequence& sequence, std::size_t rows);
  Executor& executor();

  Settings settings_;
  std::vector<std::unique_ptr<CacheGroup>> groups_;
  std::map<int, CacheGroup*> group_by_layer_;
  std::map<int, std::vector<std::int64_t>> written_;  // by layer, last
  unsigned threads_ = 1;
  std::map<unsigned, std::unique_ptr<Executor>> executors_;  // by threads; contexts keep theirs

  struct Counts {
    std::uint64_t rows_answered = 0, rows_full = 0, rows_refused = 0, builds = 0;
    std::uint64_t rows_while_building = 0;  // of rows_answered
    double build_seconds = 0;               // in which a batch waited
    double background_seconds = 0;          // in which it did not
    DecodeStats gone;                       // of contexts that are no more
  } counts_;
};

}  // namespace rattan::llama
