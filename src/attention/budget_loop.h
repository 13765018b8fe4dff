// The keys that a decode step retrieves for the query rows of a group, as a budget asks: search, estimate what is
// unread, cut, or search further. The library, what it measures at a build, and the benchmark go through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "attention/budget.h"
#include "attention/row_weights.h"
#include "attention/unread_estimate.h"
#include "rattan/attention.h"

namespace rattan {

// What is asked for the rows of a group.
struct GroupBudget {
  Budget budget;                      // valid
  std::uint32_t first_k = 0;          // keys per row that are searched first; at least budget.k, or a fixed budget's k
  std::size_t searched = 0;           // keys that there are to find
  std::span<const float> window_lse;  // by row, at least one: of the keys attended exactly besides; -infinity for none
};

// results[i] = the k best keys found for query row rows[i], distinct and best first; they stand until the next call.
// rows: ascending.
using GroupSearch =
    std::function<void(std::span<const std::size_t> rows, std::uint32_t k, std::span<Retrieved> results)>;

// Grows once, then nothing is allocated. The same bits whatever it was used for before.
class BudgetLoop {
 public:
  // Rows that have too few keys are searched again, together, for as many as the neediest of them is estimated to
  // need; the others keep what they have. estimate: prepared for the rows; where it is empty, every unread key is taken
  // to be as good as the worst that was found. Returns false where as many keys are wanted as there are: all are to be
  // attended then, and nothing is retrieved.
  bool run(const GroupBudget& asked, UnreadEstimate& estimate, const GroupSearch& search);

  // By row, where run() has returned true. Weights are by the estimate where the budget estimates unread keys, else of
  // the retrieved alone.
  std::span<const Retrieved> retrieved() const noexcept { return std::span(retrieved_).first(rows_); }
  std::span<const RowWeights> weights() const noexcept { return std::span(weights_).first(rows_); }

 private:
  struct Copy {
    std::vector<KeyId> ids;
    std::vector<float> scores;
  };

  void grow(std::size_t rows);
  void search_pending(std::uint32_t k, const GroupSearch& search);
  std::uint32_t cut_pending(const GroupBudget& asked, UnreadEstimate& estimate, std::uint32_t k);
  BudgetCut cut_row(std::size_t row, const GroupBudget& asked, UnreadEstimate& estimate);
  void keep_first(std::size_t row, std::size_t count);
  void copy_results(std::size_t row, std::size_t most);
  void weigh_all(const Budget& budget, UnreadEstimate& estimate);
  std::span<const std::size_t> pending() const noexcept { return std::span(pending_).first(pending_count_); }

  std::size_t rows_ = 0;
  std::size_t pending_count_ = 0;
  // By row; rows that there once were keep their buffers.
  std::vector<std::size_t> pending_;  // the first pending_count_: rows that have too few keys, ascending
  std::vector<std::size_t> done_;     // rows of the last cut that have enough
  std::vector<Retrieved> results_;    // of the last search
  std::vector<Retrieved> retrieved_;
  std::vector<RowWeights> weights_;
  std::vector<char> weighed_;  // weights_ are of retrieved_, by the estimate
  std::vector<Copy> copies_;   // of results that must outlast a search
};

}  // namespace rattan
