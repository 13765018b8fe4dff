#include "context/head_evidence.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/check.h"

namespace rattan {
namespace {

std::size_t held_out(const HeadQueries& queries) noexcept {
  return queries.held_out.value_or(held_out_rows(queries.rows()));
}

// Every how many rows one is linked, of `rows`. 1 of those that are left then.
std::size_t link_step(std::size_t rows, std::size_t most_rows) noexcept {
  return std::max<std::size_t>(1, (rows + most_rows / 2) / most_rows);
}

}  // namespace

std::size_t held_out_rows(std::size_t rows) noexcept { return std::min<std::size_t>(rows / 16, 256); }

CopiedQueries::CopiedQueries(const HeadQueries& all, std::size_t most_rows) : held_out_(held_out(all)) {
  if (all.rows() == 0) return;
  const std::size_t linked = all.rows() - held_out_;
  for (std::size_t row = 0; row < linked; row += link_step(linked, most_rows)) {
    positions_.push_back(static_cast<std::int64_t>(row));
  }
  for (std::size_t row = linked; row < all.rows(); ++row) positions_.push_back(static_cast<std::int64_t>(row));
  const MatrixView& first = all.heads.front();
  const std::size_t head_bytes = checked_mul(positions_.size(), first.row_bytes(), "queries");
  bytes_.resize(checked_mul(all.heads.size(), head_bytes, "queries"));
  std::byte* to = bytes_.data();
  for (const MatrixView& head : all.heads) {
    heads_.emplace_back(to, first.dtype, positions_.size(), first.cols);
    for (const std::int64_t row : positions_) {
      std::memcpy(to, head.row(static_cast<std::size_t>(row)), first.row_bytes());
      to += first.row_bytes();
    }
  }
  for (std::int64_t& row : positions_) row = all.position(static_cast<std::size_t>(row));
}

Calibration gather_calibration(const HeadQueries& queries, std::size_t most_groups) {
  Calibration calibration;
  const std::size_t held = held_out(queries);
  const std::size_t groups = std::min(held, most_groups);
  if (groups == 0) return calibration;
  const std::size_t heads = queries.heads.size();
  const MatrixView& first = queries.heads.front();
  const std::size_t row_bytes = first.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(checked_mul(groups * heads, row_bytes, "queries"));
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t row = queries.rows() - held + group * held / groups;
    for (std::size_t head = 0; head < heads; ++head) {
      std::memcpy(bytes->data() + (group * heads + head) * row_bytes, queries.heads[head].row(row), row_bytes);
    }
    calibration.positions.push_back(queries.position(row));
  }
  calibration.queries = {MatrixView(bytes->data(), first.dtype, groups * heads, first.cols), bytes};
  return calibration;
}

std::vector<NeighborTable> make_links(const HeadQueries& queries, const CheckedMatrix& keys, std::uint32_t k,
                                      std::size_t most_rows, const ExactTopK& exact, std::vector<NeighborTable> spent) {
  const std::size_t rows = queries.rows() - held_out(queries);
  if (rows == 0 || keys.rows() == 0) return {};
  const std::size_t step = link_step(rows, most_rows);
  const auto links = static_cast<std::uint32_t>(std::min<std::size_t>(k, keys.rows()));
  spent.resize(queries.heads.size());
  for (std::size_t head = 0; head < spent.size(); ++head) {
    const MatrixView linked = queries.heads[head].slice(0, rows).every(step);
    exact.find_checked(spent[head], CheckedMatrix::trusted(linked), keys, links, Metric::inner_product);
  }
  return spent;
}

}  // namespace rattan
