// Attention of one token's query heads of a KV head: window and unsealed keys exactly, retrieved keys, and an estimate
// of the unread, merged.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "attention/budget_loop.h"
#include "attention/unread_estimate.h"
#include "context/kv_head.h"
#include "core/key_marks.h"
#include "index/sealed_index.h"
#include "rattan/attention.h"
#include "rattan/context.h"

namespace rattan {

// Grows once; results are not kept in it.
struct HeadScratch {
  std::unique_ptr<SealedIndex::Scratch, void (*)(SealedIndex::Scratch*)> search = SealedIndex::make_scratch();
  AttentionScratch attention;
  UnreadEstimate estimate;
  BudgetLoop loop;
  std::vector<AttentionPart> parts;    // by query row: of all that was attended so far
  std::vector<AttentionPart> further;  // by query row: of what is attended next
  std::vector<float> further_outputs;
  std::vector<float> window_lse;       // by query row
  std::vector<std::byte> row_queries;  // of the rows that are searched for, where these are not all
  KeyMarks marks;
};

// queries: [1.., key dim], checked; output: one row of the values' dim per query, lse: one per query. The first
// `tokens` tokens of the head are attended. Returns what it cost, steps included. The same bits whatever the scratch
// held before.
DecodeStats attend_head(const KvHead& head, MatrixView queries, std::size_t tokens, const Budget& budget, double scale,
                        std::span<float> output, std::span<float> lse, HeadScratch& scratch);

}  // namespace rattan
