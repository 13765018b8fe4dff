// Bare vectors of one KV head, as files of vectors hold them, as a KvGroup.
#pragma once

#include <string>
#include <vector>

#include "datasets/kv_group.h"
#include "datasets/source.h"

namespace rattan::datasets {

struct BareHead {
  std::string keys_name = {};  // for errors
  std::string queries_name = {};
  std::string values_name = {};
  SharedMatrix keys = {};
  SharedMatrix values = {};                // or without rows
  std::vector<SharedMatrix> queries = {};  // one [rows, d] per query head
  std::vector<SharedMatrix> training =
      {};  // prefill queries of files that tell them apart; one per query head, or none
};

// Rows of the heads of a group in one matrix, row = step * heads + head, as one matrix a head. Error(corrupt) naming
// `name` where the rows are no multiple of the heads.
std::vector<SharedMatrix> split_heads(const SharedMatrix& rows, std::size_t heads, const std::string& name);

// With training queries every other query is a decode row. Else the rows are split:
// - split.prefill given, keys behind it: as many last rows as there are such keys are the decode rows, at those keys.
// - else as QuerySplit says. With as many rows as keys, row i of both is position i, and the keys from the first decode
//   row on are decoded tokens. With another number, or with split.prefill, every key counts as prefill and every query
//   as standing at the last key.
// The softmax scale is d^-0.5, layer and KV head are 0. Throws Error(corrupt) for shapes that disagree and
// Error(invalid_argument) for a prefill that the rows do not allow, each naming the file.
KvGroup make_group(const BareHead& head, const QuerySplit& split);

// Ids of neighbours that a file states: each must be -1 (none) or a row of the keys, else Error(corrupt). They are not
// used: exact answers are computed over the indexed keys.
void check_neighbors(const IntegerRows& neighbors, std::size_t keys, std::size_t queries, const std::string& name);

}  // namespace rattan::datasets
