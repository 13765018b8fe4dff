#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <system_error>
#include <utility>

#include "core/check.h"
#include "datasets/npy.h"
#include "datasets/qkv_readers.h"

namespace rattan::datasets {
namespace {

namespace fs = std::filesystem;

struct Files {
  fs::path keys;
  fs::path queries;
  fs::path values;
};
using Pairs = std::map<std::pair<int, int>, Files>;

// Files a name of the form K_{layer}_{head}.npy under its layer and head; other names are left alone.
void file_under(Pairs& pairs, const fs::path& path) {
  const std::string name = path.stem().string();
  if (path.extension() != ".npy" || name.size() < 2 || name[1] != '_') return;
  const std::size_t border = name.find('_', 2);
  if (border == std::string::npos) return;
  const std::optional<int> layer = parse_number(std::string_view(name).substr(2, border - 2));
  const std::optional<int> head = parse_number(std::string_view(name).substr(border + 1));
  if (!layer || !head) return;
  fs::path Files::*const member = name[0] == 'K'   ? &Files::keys
                                  : name[0] == 'Q' ? &Files::queries
                                  : name[0] == 'V' ? &Files::values
                                                   : nullptr;
  if (member == nullptr) return;
  fs::path& slot = pairs[{*layer, *head}].*member;
  if (!slot.empty()) {
    fail(ErrorCode::invalid_argument, path.string(), ": ", slot.filename().string(), " is the same layer and head");
  }
  slot = path;
}

Pairs find_pairs(const fs::path& folder) {
  Pairs pairs;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    file_under(pairs, it->path());
  }
  if (error) fail(ErrorCode::io, folder.string(), ": cannot list the folder: ", error.message());
  for (const auto& [place, files] : pairs) {
    if (!files.keys.empty() && !files.queries.empty()) continue;
    const fs::path& lonely = !files.keys.empty() ? files.keys : !files.queries.empty() ? files.queries : files.values;
    fail(ErrorCode::not_found, lonely.string(), ": needs K_ and Q_ files of layer ", place.first, ", head ",
         place.second);
  }
  return pairs;
}

void check_pair(const Files& files, const MatrixView& keys, const MatrixView& queries, const MatrixView& values) {
  const auto check = [](const fs::path& path, bool good, const auto&... parts) {
    if (!good) fail(ErrorCode::corrupt, path.string(), ": ", parts...);
  };
  check(files.keys, keys.rows > 0 && keys.rows < no_key, "has ", keys.rows, " rows, allowed is 1 to ", no_key - 1);
  check(files.queries, queries.rows > 0, "has no rows");
  check(files.queries, queries.cols == keys.cols, "has ", queries.cols, " columns, the keys have ", keys.cols);
  if (files.values.empty()) return;
  check(files.values, values.rows == keys.rows && values.cols == keys.cols, "is ", values.rows, " by ", values.cols,
        ", the keys are ", keys.rows, " by ", keys.cols);
}

KvGroup read_pair(const Files& files, const NpySplit& split) {
  KvGroup group;
  group.keys = read_npy(files.keys, Access::map).matrix;
  const SharedMatrix queries = read_npy(files.queries, Access::map).matrix;
  if (!files.values.empty()) group.values = read_npy(files.values, Access::map).matrix;
  check_pair(files, group.keys.view, queries.view, group.values.view);

  const std::size_t rows = queries.view.rows;
  const std::size_t decode = std::clamp<std::size_t>(rows / split.decode_divisor, 1, split.max_decode);
  const std::size_t border = rows - decode;
  const bool aligned = rows == group.keys.view.rows;
  std::vector<std::int64_t> positions(rows, static_cast<std::int64_t>(group.keys.view.rows) - 1);
  if (aligned) std::iota(positions.begin(), positions.end(), 0);

  group.prefill = aligned ? border : group.keys.view.rows;
  group.softmax_scale = 1.0 / std::sqrt(static_cast<double>(group.keys.view.cols));
  group.source = files.keys.string();
  group.prefill_queries.emplace_back(queries.view.slice(0, border), queries.owner);
  group.decode_queries.emplace_back(queries.view.slice(border, decode), queries.owner);
  group.prefill_positions.assign(positions.begin(), positions.begin() + static_cast<std::ptrdiff_t>(border));
  group.decode_positions.assign(positions.begin() + static_cast<std::ptrdiff_t>(border), positions.end());
  return group;
}

}  // namespace

void NpySplit::validate() const {
  check_range<std::size_t>("max_decode", max_decode, 1, no_key);
  check_range<std::size_t>("decode_divisor", decode_divisor, 1, no_key);
}

std::vector<KvGroup> read_npy_pairs(const fs::path& folder, const NpySplit& split) {
  split.validate();
  std::vector<KvGroup> groups;
  for (const auto& [place, files] : find_pairs(folder)) {
    KvGroup group = read_pair(files, split);
    group.layer = place.first;
    const bool same_layer = !groups.empty() && groups.back().layer == group.layer;
    group.kv_head = same_layer ? groups.back().kv_head + 1 : 0;
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace rattan::datasets
