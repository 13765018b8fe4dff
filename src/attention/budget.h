// How many retrieved keys a decode step attends to: a stop by softmax mass instead of a fixed number.
#pragma once

#include <cstddef>
#include <span>

namespace rattan {

struct BudgetCut {
  std::size_t keep = 0;    // results to attend to, from the first
  bool enough = true;      // what is left unread is estimated low enough; else the search must be widened,
  std::size_t wanted = 0;  // probably to that many results
};

// scores: of the results of a search, unscaled, best first, without fillers; -infinity weighs nothing. window_lse: of
// keys attended exactly besides. unread_lse: estimated for the keys that are neither (UnreadEstimate::unread); both
// natural logarithms, -infinity for none. keep is the smallest prefix without which less than `epsilon` of the softmax
// of all three is left out, unread keys included; all results where even these leave more (enough is false then).
// Throws Error(invalid_argument) for epsilon outside (0, 1), a scale that is not above 0, NaN or +infinity.
BudgetCut cut_to_mass(std::span<const float> scores, double scale, float window_lse, float unread_lse, double epsilon);

// The same where the unread keys are estimated: what counts is not what they hold but how far the estimate may be off.
// uncertainty_lse: UnreadEstimate::uncertainty. A result that is left out errs by its own weight at most; errors add as
// independent ones do. They stay below `epsilon` of the softmax where `least` results are kept, and below epsilon *
// keep / least where keep are: errors fall as a power of the number of keys, so that error / keys is what a further key
// gains, and heads and queries that stop at the same gain have the least mean error for their keys
// (bench/EXPERIMENTS.md section 4). least > 0.
BudgetCut cut_to_uncertainty(std::span<const float> scores, double scale, float window_lse, float unread_lse,
                             float uncertainty_lse, double epsilon, std::size_t least);

}  // namespace rattan
