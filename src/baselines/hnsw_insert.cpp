// hnswlib's header defines functions that are not inline and prefetches past the end of its lists; both are part of its
// hand-vectorised half, which Rattan's distance has no use for. Still, only this source includes it.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "baselines/hnsw_insert.h"
#include "core/check.h"
#include "core/parallel.h"

namespace rattan {

const bool have_hnswlib = true;

namespace {

using Hnsw = hnswlib::HierarchicalNSW<float>;

// hnswlib keeps a 4-byte key id where it would keep the vector, so the keys stay borrowed and in their own dtype.
class KeySpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit KeySpace(const detail::KeyDistance& distance) : distance_(distance) {}

  size_t get_data_size() override { return sizeof(KeyId); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return between; }
  void* get_dist_func_param() override { return this; }

 private:
  static float between(const void* a, const void* b, const void* space) {
    return static_cast<const KeySpace*>(space)->distance_.between(*static_cast<const KeyId*>(a),
                                                                  *static_cast<const KeyId*>(b));
  }

  const detail::KeyDistance& distance_;
};

// hnswlib numbers keys in the order of their insertion; ids are its labels.
class Inserted final : public detail::HnswLinks {
 public:
  Inserted(std::span<const KeyId> order, const detail::KeyDistance& distance, const HnswBuildParams& params)
      : space_(distance), hnsw_(&space_, order.size(), params.max_degree, params.build_beam, params.seed) {
    insert(order.front());
    executor_or_default(params.executor).run(order.size() - 1, [&](std::size_t task, unsigned) {
      insert(order[task + 1]);
    });
    number_of_.resize(order.size());
    for (hnswlib::tableint number = 0; number < order.size(); ++number) number_of_[key_of(number)] = number;
  }

  KeyId entry() const override { return key_of(hnsw_.enterpoint_node_); }

  std::uint32_t level(KeyId key) const override {
    return static_cast<std::uint32_t>(hnsw_.element_levels_[number_of_[key]]);
  }

  void links(KeyId key, std::uint32_t level, std::vector<KeyId>& into) const override {
    auto* const list = hnsw_.get_linklist_at_level(number_of_[key], static_cast<int>(level));
    const std::size_t count = hnsw_.getListCount(list);
    for (std::size_t i = 0; i < count; ++i) into.push_back(key_of(list[i + 1]));
  }

 private:
  void insert(const KeyId& key) { hnsw_.addPoint(&key, key); }
  KeyId key_of(hnswlib::tableint number) const { return static_cast<KeyId>(hnsw_.getExternalLabel(number)); }

  KeySpace space_;
  Hnsw hnsw_;
  std::vector<hnswlib::tableint> number_of_;
};

}  // namespace

std::unique_ptr<detail::HnswLinks> insert_keys(std::span<const KeyId> order, const detail::KeyDistance& distance,
                                               const HnswBuildParams& params) {
  try {
    return std::make_unique<Inserted>(order, distance, params);
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    fail(ErrorCode::no_memory, "build_hnsw: hnswlib gives up: ", error.what());
  }
}

}  // namespace rattan
