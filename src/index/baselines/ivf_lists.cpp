#include "index/baselines/ivf_lists.h"

#include <algorithm>
#include <cmath>

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "core/random.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"
#include "simd/kernels.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

constexpr std::size_t points_per_list = 256;

std::uint32_t number_of_lists(std::size_t rows, std::uint32_t wanted) {
  const double automatic = std::round(2.0 * std::sqrt(static_cast<double>(rows)));
  const std::size_t lists = wanted != 0 ? wanted : static_cast<std::size_t>(automatic);
  return static_cast<std::uint32_t>(std::min(lists, rows));
}

// At most `wanted` keys in fp32, one drawn from each of `wanted` equal stretches: every part of the context takes part.
std::vector<float> sample_keys(const MatrixView& keys, std::size_t wanted, std::uint64_t seed, Executor& executor) {
  const std::size_t rows = std::min(keys.rows, wanted);
  const double stretch = static_cast<double>(keys.rows) / static_cast<double>(rows);
  const auto to_float = simd::kernels().widen(keys.dtype);
  std::vector<float> sample(rows * keys.cols);
  parallel_blocks(executor, rows, 1024, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      const double offset = rows == keys.rows ? 0.0 : random_uniform(seed, i);
      const auto row = static_cast<std::size_t>((static_cast<double>(i) + offset) * stretch);
      to_float(keys.row(std::min(row, keys.rows - 1)), keys.cols, sample.data() + i * keys.cols);
    }
  });
  return sample;
}

void fill_lists(const NeighborTable& nearest, std::size_t count, IvfLists& lists) {
  const auto list_of = [&](std::size_t key) {
    const KeyId id = nearest.ids(key)[0];
    return id == no_key ? 0U : id;  // products that overflow leave a key without a nearest centroid
  };
  lists.offsets.assign(count + 1, 0);
  lists.ids.resize(nearest.rows());
  for (std::size_t key = 0; key < nearest.rows(); ++key) ++lists.offsets[list_of(key) + 1];
  for (std::size_t i = 0; i < count; ++i) lists.offsets[i + 1] += lists.offsets[i];
  std::vector<std::uint32_t> next(lists.offsets.begin(), lists.offsets.end() - 1);
  for (std::size_t key = 0; key < nearest.rows(); ++key) lists.ids[next[list_of(key)]++] = static_cast<KeyId>(key);
}

}  // namespace

IvfLists make_ivf_lists(const MatrixView& keys, const IvfBuildParams& params, detail::TrainCentroids train,
                        BuildStats* stats) {
  BuildTimer timer(stats);
  IvfLists lists{params.spherical, params.iterations, params.seed, {}, {0}, {}};
  const std::uint32_t count = number_of_lists(keys.rows, params.lists);
  if (count == 0) return lists;
  const auto exact = make_exact_topk_cpu(params.executor);
  {
    const std::vector<float> sample =
        sample_keys(keys, count * points_per_list, params.seed, executor_or_default(params.executor));
    lists.centroids = train(sample.data(), sample.size() / keys.cols, keys.cols, count, params, *exact);
  }
  for (float& value : lists.centroids) {
    if (!std::isfinite(value)) value = 0;  // sums of keys near the end of fp32's range
  }
  timer.stage("train");
  const MatrixView centroids(lists.centroids.data(), DType::f32, count, keys.cols);
  NeighborTable nearest;
  exact->find_checked(nearest, CheckedMatrix::trusted(keys), CheckedMatrix::trusted(centroids), 1,
                      params.spherical ? Metric::inner_product : Metric::l2);
  fill_lists(nearest, count, lists);
  timer.stage("assign");
  return lists;
}

void write_ivf_lists(const IvfLists& lists, ContainerWriter& writer) {
  ByteWriter settings;
  settings.u64(lists.count());
  settings.u64(lists.seed);
  settings.u32(lists.iterations);
  settings.u32(lists.spherical ? 1 : 0);
  writer.add("settings", settings.take());
  ByteWriter centroids;
  centroids.array(lists.centroids);
  writer.add("centroids", centroids.take());
  ByteWriter offsets;
  offsets.array(lists.offsets);
  writer.add("offsets", offsets.take());
  ByteWriter ids;
  ids.array(lists.ids);
  writer.add("ids", ids.take());
}

namespace {

void check_offsets(const ByteReader& in, const IvfLists& lists, std::size_t rows) {
  const auto& offsets = lists.offsets;
  if (offsets.front() != 0 || offsets.back() != rows || !std::is_sorted(offsets.begin(), offsets.end())) {
    fail(ErrorCode::corrupt, in.name(), ": list offsets do not rise from 0 to ", rows);
  }
}

void check_ids(const ByteReader& in, const IvfLists& lists, std::size_t rows) {
  std::vector<bool> seen(rows, false);
  for (std::size_t i = 0; i < lists.count(); ++i) {
    const auto list = lists.list(i);
    for (std::size_t j = 0; j < list.size(); ++j) {
      if (list[j] >= rows)
        fail(ErrorCode::corrupt, in.name(), ": key ", list[j], " in a list, allowed is below ", rows);
      if (seen[list[j]]) fail(ErrorCode::corrupt, in.name(), ": key ", list[j], " is in the lists twice");
      if (j > 0 && list[j] < list[j - 1]) fail(ErrorCode::corrupt, in.name(), ": list ", i, " is not ascending");
      seen[list[j]] = true;
    }
  }
}

}  // namespace

IvfLists read_ivf_lists(const Container& container, std::size_t rows, std::size_t dim) {
  IvfLists lists;
  ByteReader settings = container.section("settings");
  const std::uint64_t count = settings.number_in<std::uint64_t>("lists", rows == 0 ? 0 : 1, rows);
  lists.seed = settings.u64("seed");
  lists.iterations = settings.number_in<std::uint32_t>("iterations", 1, 1000);
  lists.spherical = settings.number_in<std::uint32_t>("spherical", 0, 1) == 1;
  settings.expect_end();

  ByteReader centroids = container.section("centroids");
  lists.centroids = centroids.array<float>(checked_mul(count, dim, "lists * dim"), "centroids");
  centroids.expect_end();
  if (!std::all_of(lists.centroids.begin(), lists.centroids.end(), [](float value) { return std::isfinite(value); })) {
    fail(ErrorCode::corrupt, centroids.name(), ": a centroid holds NaN or infinity");
  }

  ByteReader offsets = container.section("offsets");
  lists.offsets = offsets.array<std::uint32_t>(count + 1, "offsets");
  offsets.expect_end();
  check_offsets(offsets, lists, rows);

  ByteReader ids = container.section("ids");
  lists.ids = ids.array<KeyId>(rows, "ids");
  ids.expect_end();
  check_ids(ids, lists, rows);
  return lists;
}

}  // namespace rattan
