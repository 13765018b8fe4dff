// The softmax weights of one query row: of the keys that a search has retrieved and of those that it has not. What is
// unread, how far the estimate of that may be off, and attention over all of them follow from one object.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attention/retrieved_keys.h"
#include "core/log_sum_exp.h"

namespace rattan {

// Grows once, then nothing is allocated.
struct RowWeights {
  double scale = 1;            // of scores
  float top = log_of_nothing;  // the score that weighs 1, the largest; -infinity where there are no keys
  double retrieved_sum = 0;
  double unread_sum = 0;
  double unread_variance = 0;  // of unread_sum, as if keys erred independently

  std::vector<float> retrieved;         // by retrieved key
  std::vector<std::uint32_t> clusters;  // by retrieved key: the cluster that holds it, no_key where none does
  std::vector<float> unread;            // by cluster: of one of its unread keys
  std::vector<float> masses;            // by cluster: of all of its unread keys

  // Natural logarithms of sums of exp(scale * score); -infinity for no keys.
  float lse() const noexcept;
  float retrieved_lse() const noexcept;
  float unread_lse() const noexcept;
  // Of the root of unread_variance: how far exp(unread_lse()) may be off.
  float uncertainty_lse() const noexcept;

  // Weighs the retrieved keys' scores by `top`, which is set already.
  void weigh(std::span<const float> scores);
};

// Of the retrieved keys alone: nothing is known of others. Throws Error(invalid_argument) as checked() does.
void weigh_retrieved(const Retrieved& retrieved, double scale, RowWeights& weights);

}  // namespace rattan
