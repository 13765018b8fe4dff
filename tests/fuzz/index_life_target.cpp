// A byte string as the life of an index through the C API: built over keys of any nature, searched, saved, opened,
// compared with float64 (FAULTS C1-C4, D1-D14, E1, E2).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "rattan/c.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/rows.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/sequence.h"
#include "tests/fuzz/target.h"

namespace rattan::fuzz {
namespace {

constexpr std::size_t most_searches = 12;

struct Keys {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::vector<float> values;
  SharedMatrix stored;
  rattan_matrix matrix{};
};

struct Found {
  std::vector<std::uint32_t> ids;
  std::vector<float> scores;
  friend bool operator==(const Found&, const Found&) = default;
};

// A score in float64, and how far fp32 may be from it.
struct Score {
  double value = 0;
  double tolerance = 0;
};

Score score_of(const float* query, const float* key, std::size_t dim, rattan_metric metric) {
  Score score;
  double magnitude = 0;
  for (std::size_t c = 0; c < dim; ++c) {
    const double difference = static_cast<double>(query[c]) - static_cast<double>(key[c]);
    const double product = static_cast<double>(query[c]) * static_cast<double>(key[c]);
    score.value += metric == RATTAN_L2 ? -difference * difference : product;
    magnitude += metric == RATTAN_L2 ? difference * difference : std::abs(product);
  }
  score.tolerance = 4 * static_cast<double>(dim + 2) * 0x1p-24 * magnitude + std::numeric_limits<float>::min();
  return score;
}

class IndexLife {
 public:
  explicit IndexLife(ByteSource in) : in_(in) {}
  ~IndexLife() { rattan_index_destroy(index_); }
  IndexLife(const IndexLife&) = delete;
  IndexLife& operator=(const IndexLife&) = delete;

  void live() {
    make_keys();
    build();
    if (index_ == nullptr) return;
    for (std::size_t i = 0; i < most_searches && !in_.empty(); ++i) {
      const std::uint32_t what = in_.below(8);
      if (what == 0) {
        save_and_open();
      } else if (what == 1) {
        describe();
      } else {
        search_and_check();
      }
    }
  }

 private:
  void make_keys() {
    constexpr std::size_t dims[] = {8, 1, 2, 3, 5, 16, 17, 32};
    keys_.dim = in_.one_of(dims);
    keys_.rows = in_.u8() * (in_.below(4) == 0 ? 2 : 1) / 2;
    const auto dtype = static_cast<DType>(in_.below(3));
    const auto nature = static_cast<Nature>(in_.below(natures));
    seed_ = in_.u8();
    keys_.values = make_rows(nature, seed_, keys_.rows, dtype, keys_.dim);
    keys_.stored = stored_rows(keys_.values, keys_.rows, keys_.dim, dtype);
    keys_.matrix = matrix_of(keys_.stored.view.data, dtype, keys_.rows, keys_.dim);
  }

  void build() {
    rattan_index_params_init(&params_);
    // The fastest kind depends on the clock, and takes its time.
    constexpr rattan_kind kinds[] = {RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH};
    params_.kind = in_.one_of(kinds);
    params_.metric = in_.flag() ? RATTAN_L2 : RATTAN_INNER_PRODUCT;
    params_.links_k = 1 + in_.below(24);
    params_.max_degree = 2 + in_.below(16);
    params_.seed = in_.u8();
    params_.threads = 1;
    const std::size_t rows = in_.u8() % 100;
    const auto nature = static_cast<Nature>(in_.below(tame_natures));
    const SharedMatrix asked =
        stored_rows(make_rows(nature, seed_ + 1, rows, DType::f32, keys_.dim), rows, keys_.dim, DType::f32);
    const rattan_matrix queries = matrix_of(asked.view.data, DType::f32, rows, keys_.dim);
    const rattan_status status = rattan_index_build(&keys_.matrix, &queries, &params_, &index_);
    require(status == RATTAN_OK || (params_.kind == RATTAN_KIND_GRAPH && rows == 0), "an index of any keys is built");
  }

  Found search(const rattan_matrix& queries, const rattan_search_params& params) const {
    Found found;
    found.ids.resize(
        std::max<std::size_t>(queries.rows * params.k, 1));  // NULL is refused even where nothing is written
    found.scores.resize(found.ids.size());
    rattan_search_stats stats;
    rattan_search_stats_init(&stats);
    require_ok(rattan_index_search(index_, &queries, &params, found.ids.data(), found.scores.data(), &stats),
               "queries within their contract are searched");
    require(stats.keys_scored <= keys_.rows * queries.rows / params.group, "keys are read once a group");
    return found;
  }

  void search_and_check() {
    rattan_search_params params;
    rattan_search_params_init(&params);
    constexpr std::uint32_t widths[] = {5, 1, 0, 20, 200};
    constexpr std::uint32_t beams[] = {0, 1, 8, 1000};
    params.k = in_.one_of(widths);
    params.group = 1 + in_.below(4);
    params.beam_width = in_.one_of(beams);
    params.rerank = in_.one_of(beams);
    if (in_.below(3) == 0) {
      params.first_key = in_.u8();
      params.end_key = params.first_key + in_.u8();
    }
    // Giants among the queries make products that are beyond fp32: those are another test's.
    const auto nature = static_cast<Nature>(in_.below(tame_natures));
    const std::size_t rows = std::size_t{params.group} * (1 + in_.below(2));
    const std::vector<float> values = make_rows(nature, in_.u8(), rows, DType::f32, keys_.dim);
    const rattan_matrix queries = matrix_of(values.data(), DType::f32, rows, keys_.dim);
    const Found found = search(queries, params);
    for (std::size_t row = 0; row < rows; ++row) check_row(found, row, values.data() + row * keys_.dim, params);
    last_queries_ = values;
    last_params_ = params;
    last_found_ = found;
  }

  void check_row(const Found& found, std::size_t row, const float* query, const rattan_search_params& params) const {
    const std::size_t begin = std::min<std::size_t>(params.first_key, keys_.rows);
    const std::size_t end = std::clamp<std::size_t>(params.end_key, begin, keys_.rows);
    const std::uint32_t* const ids = found.ids.data() + row * params.k;
    const float* const scores = found.scores.data() + row * params.k;
    const std::size_t count = std::min<std::size_t>(params.k, end - begin);
    std::set<std::uint32_t> seen;
    std::vector<Score> all;
    for (std::size_t key = begin; key < end; ++key) {
      all.push_back(score_of(query, keys_.values.data() + key * keys_.dim, keys_.dim, params_.metric));
    }
    for (std::size_t i = 0; i < params.k; ++i) {
      if (i >= count) {
        require(ids[i] == RATTAN_NO_KEY && std::isinf(scores[i]) && scores[i] < 0, "rows end in fillers");
        continue;
      }
      require(ids[i] >= begin && ids[i] < end, "ids are keys of the range");
      require(seen.insert(ids[i]).second, "no key is found twice");
      require(i == 0 || scores[i - 1] > scores[i] || (scores[i - 1] == scores[i] && ids[i - 1] < ids[i]),
              "the best come first, ties to the smaller id");
      const Score& score = all[ids[i] - begin];
      require(std::abs(static_cast<double>(scores[i]) - score.value) <= score.tolerance, "scores are those of float64");
    }
    if (params_.kind == RATTAN_KIND_FLAT) check_best(scores, count, all);
  }

  // No key that was left out is better than one that was found.
  static void check_best(const float* scores, std::size_t count, std::vector<Score> all) {
    std::sort(all.begin(), all.end(), [](const Score& a, const Score& b) { return a.value > b.value; });
    double tolerance = 0;
    for (const Score& score : all) tolerance = std::max(tolerance, score.tolerance);
    for (std::size_t i = 0; i < count; ++i) {
      require(static_cast<double>(scores[i]) >= all[i].value - 2 * tolerance, "an exact index finds the best");
    }
  }

  void save_and_open() {
    static const ScratchFolder folder;
    const std::string file = folder.path() / "index";
    require_ok(rattan_index_save(index_, file.c_str()), "an index is saved");
    rattan_index* opened = nullptr;
    require_ok(rattan_index_open(file.c_str(), &keys_.matrix, 1, &opened), "what was saved is opened");
    rattan_index_destroy(index_);
    index_ = opened;
    if (last_queries_.empty()) return;
    const rattan_matrix queries =
        matrix_of(last_queries_.data(), DType::f32, last_queries_.size() / keys_.dim, keys_.dim);
    require(search(queries, last_params_) == last_found_, "what was opened finds what was found before");
  }

  void describe() const {
    std::size_t needed = 0;
    require(rattan_index_describe(index_, nullptr, 0, &needed) == RATTAN_OK && needed > 1, "an index describes itself");
    std::uint64_t bytes = 0;
    require_ok(rattan_index_memory(index_, &bytes), "memory is known");
  }

  ByteSource in_;
  Keys keys_;
  std::uint64_t seed_ = 0;
  rattan_index_params params_;
  rattan_index* index_ = nullptr;
  std::vector<float> last_queries_;
  rattan_search_params last_params_;
  Found last_found_;
};

}  // namespace

void run(std::span<const std::byte> input) { IndexLife(ByteSource(input)).live(); }

std::vector<Bytes> seeds() {
  std::vector<Bytes> all;
  for (std::uint32_t kind = 0; kind < 3; ++kind) {
    for (const std::uint32_t nature : {0U, 4U, 8U}) {
      Bytes life;
      const auto add = [&](std::initializer_list<std::uint32_t> numbers) {
        for (const std::uint32_t number : numbers) life.push_back(static_cast<std::byte>(number));
      };
      add({0, 200, 1, nature % 3, nature, 7});   // keys
      add({kind, nature / 4, 12, 8, 1, 60, 0});  // build
      for (std::uint32_t step = 0; step < 8; ++step) add({step, 0, step, step % 4, 0, step % 3, 10, 90, 0, 1, step});
      all.push_back(life);
    }
  }
  return all;
}

}  // namespace rattan::fuzz
