// Attention of the query heads of a KV head, of one token or of consecutive ones: window and unsealed keys exactly,
// retrieved keys, and an estimate of the unread, merged.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "attention/budget_loop.h"
#include "attention/logits.h"
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
  std::vector<KvHead::View> views;     // by token
  std::vector<std::size_t> ends;       // by query row: where the keys end that it sees
  std::vector<AttentionPart> parts;    // by query row: of all that was attended so far
  std::vector<AttentionPart> further;  // by query row: of what is attended next
  std::vector<float> further_outputs;
  std::vector<float> window_lse;         // by query row of a token
  std::vector<std::byte> group_queries;  // of all tokens
  std::vector<std::byte> row_queries;    // of the rows that are searched for, where these are not all
  std::vector<float> row_widths;         // of the rows that are searched for
  std::vector<float> capped_scores;      // of what was found
  KeyMarks marks;
};

// What is asked of one KV head. Rows are consecutive tokens; the last of them sees the first `tokens` tokens, each one
// before it one less.
struct HeadStep {
  MatrixView queries;     // [rows * heads, key dim], checked: all query heads of the layer, token after token
  std::size_t rows = 1;   // at most tokens, or one
  std::size_t heads = 0;  // query heads of the layer, of which
  std::size_t first = 0;  // from here on
  std::size_t group = 0;  // as many are the KV head's
  std::size_t tokens = 0;
  Budget budget;
  Logits logits;
  std::span<const float> sink_logits;  // by query head of the layer, or empty
  std::span<float> output;             // [rows * heads * value dim]; other heads' are not written
  std::span<float> lse;                // [rows * heads], or empty
};

// Returns what it cost, steps included; what several tokens read together counts once. The bits of tokens one at a
// time, whatever the scratch held before.
DecodeStats attend_head(const KvHead& head, const HeadStep& step, HeadScratch& scratch);

}  // namespace rattan
