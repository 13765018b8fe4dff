// Attention of one token's query heads of a KV head: window and tail exactly, retrieved keys, and an estimate of the
// rest, merged.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "attention/retrieved_part.h"
#include "context/kv_head.h"
#include "core/key_marks.h"
#include "index/growing_index.h"
#include "rattan/attention.h"
#include "rattan/context.h"

namespace rattan {

// What a search has found for one query head, while others are searched further.
struct FoundRow {
  std::vector<KeyId> ids;
  std::vector<float> scores;
};

// Grows once; results are not kept in it.
struct HeadScratch {
  std::unique_ptr<GrowingIndex::Scratch, void (*)(GrowingIndex::Scratch*)> search = GrowingIndex::make_scratch();
  AttentionScratch attention;
  EstimateScratch tail;
  std::vector<AttentionPart> parts;
  std::vector<AttentionPart> more;
  std::vector<float> more_outputs;
  std::vector<Retrieved> retrieved;
  std::vector<std::size_t> pending;  // rows that a budget asks more keys for
  std::vector<FoundRow> found;       // of the others
  std::vector<std::byte> pending_queries;
  KeyMarks marks;
};

// queries: [1..8, key dim], checked; output: one row of the values' dim per query, lse: one per query. The first
// `tokens` tokens of the head are attended. Returns what it cost, steps included. The same bits whatever the scratch
// held before.
DecodeStats attend_head(const KvHead& head, MatrixView queries, std::size_t tokens, const Budget& budget, double scale,
                        std::span<float> output, std::span<float> lse, HeadScratch& scratch);

}  // namespace rattan
