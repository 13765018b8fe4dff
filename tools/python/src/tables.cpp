#include "tables.h"

#include <string>
#include <utility>

#include "numpy_array.h"
#include "rattan/types.h"

namespace rattan::python {
namespace {

namespace nb = nanobind;

nb::object counters(const std::vector<SearchStats>& stats, std::uint64_t SearchStats::*member) {
  std::vector<std::uint64_t> values;
  values.reserve(stats.size());
  for (const SearchStats& one : stats) values.push_back(one.*member);
  return numpy_array(std::move(values), {stats.size()});
}

nb::dict stats_dict(const std::vector<SearchStats>& stats) {
  nb::dict result;
  result["keys_scored"] = counters(stats, &SearchStats::keys_scored);
  result["nodes_expanded"] = counters(stats, &SearchStats::nodes_expanded);
  result["centroids_scored"] = counters(stats, &SearchStats::centroids_scored);
  result["codes_scored"] = counters(stats, &SearchStats::codes_scored);
  result["code_bytes"] = counters(stats, &SearchStats::code_bytes);
  result["bytes_read"] = counters(stats, &SearchStats::bytes_read);
  return result;
}

KeyId to_id(std::int64_t id, const char* name) {
  if (id < -1 || id >= std::int64_t{no_key}) {
    throw Error(ErrorCode::invalid_argument,
                std::string(name) + ": id " + std::to_string(id) + " is not in [-1, 2^32 - 1)");
  }
  return id < 0 ? no_key : static_cast<KeyId>(id);
}

}  // namespace

nb::tuple to_python(const NeighborTable& table) {
  std::vector<std::int64_t> ids;
  std::vector<float> scores;
  ids.reserve(table.rows() * table.k());
  scores.reserve(table.rows() * table.k());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const KeyId id : table.ids(row)) ids.push_back(id == no_key ? -1 : std::int64_t{id});
    for (const float score : table.scores(row)) scores.push_back(score);
  }
  return nb::make_tuple(numpy_array(std::move(ids), {table.rows(), table.k()}),
                        numpy_array(std::move(scores), {table.rows(), table.k()}), stats_dict(table.stats));
}

NeighborTable to_table(const nb::tuple& pair, const char* name) {
  const auto ids = nb::cast<Ids>(pair[0]);
  const auto scores = nb::cast<Scores>(pair[1]);
  if (ids.shape(0) != scores.shape(0) || ids.shape(1) != scores.shape(1)) {
    throw Error(ErrorCode::invalid_argument, std::string(name) + ": ids and scores must have one shape [rows, k]");
  }
  const std::size_t k = ids.shape(1);
  NeighborTable table(ids.shape(0), k);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t i = 0; i < k; ++i) {
      table.ids(row)[i] = to_id(ids.data()[row * k + i], name);
      table.scores(row)[i] = scores.data()[row * k + i];
    }
  }
  return table;
}

std::vector<NeighborTable> to_tables(const nb::list& pairs, const char* name) {
  std::vector<NeighborTable> tables;
  for (const nb::handle pair : pairs) tables.push_back(to_table(nb::cast<nb::tuple>(pair), name));
  return tables;
}

nb::dict to_python(const MemoryUse& memory) {
  nb::dict result;
  for (const auto& [part, bytes] : memory.parts) result[part.c_str()] = bytes;
  return result;
}

nb::dict to_python(const BuildStats& stats) {
  nb::dict result;
  for (const auto& [stage, seconds] : stats.stages) {
    const nb::str key(stage.c_str());
    result[key] = seconds + (result.contains(key) ? nb::cast<double>(result[key]) : 0.0);
  }
  return result;
}

}  // namespace rattan::python
