#include "rattan/index.h"

#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"
#include "scan/checked_matrix.h"

namespace rattan {
namespace {

void check_search(const Index& index, const MatrixView& queries, const SearchParams& params) {
  params.validate();
  check_matrix(queries, "queries");
  if (queries.cols != index.dim()) {
    fail(ErrorCode::invalid_argument, "queries have dim ", queries.cols, ", allowed is ", index.dim(),
         " (the keys' dim)");
  }
  if (queries.rows % params.group != 0) {
    fail(ErrorCode::invalid_argument, "SearchParams::group is ", params.group, ", allowed is a divisor of the ",
         queries.rows, " query rows");
  }
  for (const KeyId key : params.start_keys) {
    if (key >= index.size()) {
      fail(ErrorCode::invalid_argument, "SearchParams::start_keys holds key ", key, ", allowed is below ",
           index.size());
    }
  }
  checked_mul(queries.rows, params.k, "queries.rows * SearchParams::k", ErrorCode::invalid_argument);
  check_finite(queries, "queries", executor_or_default(params.executor));
}

}  // namespace

std::uint64_t MemoryUse::total() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& part : parts) sum += part.second;
  return sum;
}

Index::Index(const CheckedMatrix& keys, Metric metric) : keys_(keys.shared()), metric_(metric) {
  check_range<unsigned>("metric", static_cast<unsigned>(metric), 0, 1);
}

NeighborTable Index::search(MatrixView queries, const SearchParams& params) const {
  check_search(*this, queries, params);
  NeighborTable table(queries.rows, params.k);
  table.stats.resize(queries.rows / params.group);
  if (params.k != 0 && size() != 0 && queries.rows != 0) search_checked(queries, params, table);
  return table;
}

void Index::save(const std::filesystem::path& path) const {
  ContainerWriter writer{std::string(kind())};
  add_identity(writer, *this);
  write_sections(writer);
  writer.save(path);
}

}  // namespace rattan
