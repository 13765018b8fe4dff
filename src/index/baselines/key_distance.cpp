#include "index/baselines/key_distance.h"

#include <atomic>
#include <limits>

namespace rattan {
namespace {

// No address tells two objects apart: the next may lie where the last one lay.
std::atomic<std::uint64_t> next_number{1};

// Both sides of a thread's last call.
struct Sides {
  std::uint64_t object = 0;
  KeyId ids[2] = {no_key, no_key};
  PreparedQueries prepared[2];
};

}  // namespace

ScoredDistance::ScoredDistance(const MatrixView& keys, Metric metric) : scorer_(keys, metric), number_(next_number++) {}

float ScoredDistance::between(KeyId a, KeyId b) const {
  thread_local Sides sides;
  if (sides.object != number_) {
    sides.object = number_;
    sides.ids[0] = sides.ids[1] = no_key;
  }
  if (sides.ids[0] == a) return distance_to(sides.prepared[0], b);
  if (sides.ids[1] == b) return distance_to(sides.prepared[1], a);
  prepare(a, sides.prepared[0]);
  prepare(b, sides.prepared[1]);
  sides.ids[0] = a;
  sides.ids[1] = b;
  return distance_to(sides.prepared[0], b);
}

void ScoredDistance::prepare(KeyId id, PreparedQueries& query) const {
  scorer_.prepare(scorer_.keys().base.slice(id, 1), query);
}

float ScoredDistance::distance_to(const PreparedQueries& query, KeyId key) const {
  const void* row = scorer_.keys().row(key);
  float score = 0;
  scorer_.kernels().score(scorer_.metric(), scorer_.keys().dtype())(query.data(), 1, &row, 1, scorer_.keys().cols(),
                                                                    &score, 1);
  return score == score ? -score : std::numeric_limits<float>::infinity();
}

}  // namespace rattan
