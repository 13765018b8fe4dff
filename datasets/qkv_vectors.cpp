#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "core/check.h"
#include "datasets/bare_head.h"
#include "datasets/hdf5.h"
#include "datasets/qkv_readers.h"
#include "datasets/vector_file.h"

namespace rattan::datasets {
namespace {

namespace fs = std::filesystem;

// What a file of a folder holds, by the name before its ending.
struct Part {
  std::string_view stem;
  std::string_view part;
};
constexpr std::array part_names{
    Part{"keys", "keys"},       Part{"base", "keys"},     Part{"train", "keys"},
    Part{"queries", "queries"}, Part{"query", "queries"}, Part{"test", "queries"},
    Part{"values", "values"},   Part{"learn", "learn"},   Part{"neighbors", "neighbors"},
};
using Parts = std::map<std::string_view, fs::path>;

bool is_vector_file(const fs::path& path) {
  constexpr std::array<std::string_view, 6> known = {".npy", ".fvecs", ".fbin", ".f16bin", ".ibin", ".ivecs"};
  return std::ranges::find(known, path.extension().string()) != known.end();
}

Parts find_parts(const fs::path& folder) {
  Parts parts;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto* const known = std::ranges::find(part_names, it->path().stem().string(), &Part::stem);
    if (known == part_names.end() || !is_vector_file(it->path())) continue;
    const auto [slot, fresh] = parts.emplace(known->part, it->path());
    if (!fresh) {
      fail(ErrorCode::invalid_argument, it->path().string(), ": ", slot->second.filename().string(), " holds the ",
           known->part, " too");
    }
  }
  if (error) fail(ErrorCode::io, folder.string(), ": cannot list the folder: ", error.message());
  return parts;
}

std::size_t heads_of(const QuerySplit& split) { return std::max<std::size_t>(split.group, 1); }

KvGroup read_parts(const Parts& parts, const QuerySplit& split) {
  BareHead head;
  head.keys_name = parts.at("keys").string();
  head.queries_name = parts.at("queries").string();
  head.keys = read_vectors(parts.at("keys"));
  const SharedMatrix queries = read_vectors(parts.at("queries"));
  head.queries = split_heads(queries, heads_of(split), head.queries_name);
  if (const auto learn = parts.find("learn"); learn != parts.end()) {
    head.training = split_heads(read_vectors(learn->second), heads_of(split), learn->second.string());
  }
  if (const auto values = parts.find("values"); values != parts.end()) {
    head.values_name = values->second.string();
    head.values = read_vectors(values->second);
  }
  KvGroup group = make_group(head, split);
  if (const auto neighbors = parts.find("neighbors"); neighbors != parts.end()) {
    check_neighbors(read_ids(neighbors->second), head.keys.view.rows, queries.view.rows, neighbors->second.string());
  }
  group.source = head.keys_name;
  return group;
}

}  // namespace

std::vector<KvGroup> read_vector_folder(const fs::path& folder, const QuerySplit& split) {
  const Parts parts = find_parts(folder);
  if (!parts.contains("keys")) return {};
  if (!parts.contains("queries")) {
    fail(ErrorCode::not_found, parts.at("keys").string(),
         ": needs a file of queries beside it, called queries, query or "
         "test");
  }
  return {read_parts(parts, split)};
}

KvGroup read_vector_files(const std::vector<fs::path>& files, const QuerySplit& split) {
  Parts parts = {{"keys", files.at(0)}, {"queries", files.at(1)}};
  if (files.size() > 2) parts.emplace("learn", files[2]);
  return read_parts(parts, split);
}

KvGroup read_hdf5_group(const fs::path& path, const QuerySplit& split) {
  Hdf5Vectors file = read_hdf5(path);
  BareHead head;
  head.keys_name = path.string() + " train";
  head.queries_name = path.string() + " test";
  head.keys = std::move(file.train);
  head.queries = split_heads(file.test, heads_of(split), head.queries_name);
  if (file.learn) head.training = split_heads(*file.learn, heads_of(split), path.string() + " learn");
  KvGroup group = make_group(head, split);
  if (file.neighbors) {
    check_neighbors(*file.neighbors, group.keys.view.rows, file.test.view.rows, path.string() + " neighbors");
  }
  group.source = path.string();
  return group;
}

}  // namespace rattan::datasets
