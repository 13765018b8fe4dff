#include "context/query_evidence.h"

#include <algorithm>
#include <utility>

#include "core/half.h"
#include "simd/kernels.h"

namespace rattan {

QueryEvidence::QueryEvidence(const QueryEvidence& other) : dim_(other.dim_), most_(other.most_) {
  const std::lock_guard lock(other.mutex_);
  heads_ = other.heads_;
  step_ = other.step_;
  count_ = other.count_;
  kept_ = inherited_ = other.kept_;
  chunks_ = other.chunks_;
}

void QueryEvidence::add(const HeadQueries& queries) {
  if (queries.rows() == 0 || most_ == 0) return;
  const auto to_float = simd::kernels().widen(queries.heads.front().dtype);
  std::vector<float> floats(dim_);
  const std::lock_guard lock(mutex_);
  heads_ = queries.heads.size();
  for (std::size_t i = 0; i < queries.rows(); ++i, ++count_) {
    if (count_ % step_ != 0) continue;
    if (kept_ == most_) {
      thin();
      if (count_ % step_ != 0) continue;
    }
    std::uint16_t* to = add_position(queries.position(i));
    for (const MatrixView& head : queries.heads) {
      to_float(head.row(i), dim_, floats.data());
      to = std::transform(floats.begin(), floats.end(), to, to_bf16);
    }
  }
}

// Where the values of one more position go.
std::uint16_t* QueryEvidence::add_position(std::int64_t position) {
  const std::size_t in_chunk = kept_ % chunk_positions;
  if (in_chunk == 0) {
    chunks_.emplace_back(Chunk());
  } else if (chunks_.back().shared()) {
    chunks_.back() = Counted<Chunk>(*chunks_.back());
    inherited_ = std::min(inherited_, kept_ - in_chunk);
  }
  Chunk& last = *chunks_.back();
  last.values.resize((in_chunk + 1) * row());
  last.positions.resize(in_chunk);
  last.positions.push_back(position);
  ++kept_;
  return last.values.data() + in_chunk * row();
}

void QueryEvidence::thin() {
  const auto all = std::exchange(chunks_, {});
  const std::size_t before = std::exchange(kept_, 0);
  inherited_ = 0;
  step_ *= 2;
  for (std::size_t i = 0; i < before; i += 2) {
    const Chunk& from = *all[i / chunk_positions];
    const std::size_t at = i % chunk_positions;
    std::copy_n(from.values.begin() + static_cast<std::ptrdiff_t>(at * row()), row(), add_position(from.positions[at]));
  }
}

void QueryEvidence::truncate(std::int64_t position) {
  const std::lock_guard lock(mutex_);
  const std::size_t before = kept_;
  while (kept_ != 0 && chunks_.back()->positions[(kept_ - 1) % chunk_positions] >= position) {
    if (--kept_ % chunk_positions == 0) chunks_.pop_back();
  }
  inherited_ = std::min(inherited_, kept_);
  if (kept_ != before) count_ = kept_ * step_;
}

void QueryEvidence::forget() {
  const std::lock_guard lock(mutex_);
  chunks_.clear();
  count_ = kept_ = inherited_ = 0;
  step_ = 1;
}

QueryEvidence::Copy QueryEvidence::copy() const {
  Copy copy;
  const std::lock_guard lock(mutex_);
  copy.values.reserve(kept_ * row());
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(chunk_positions, kept_ - i * chunk_positions));
    const Chunk& chunk = *chunks_[i];
    copy.values.insert(copy.values.end(), chunk.values.begin(),
                       chunk.values.begin() + count * static_cast<std::ptrdiff_t>(row()));
    copy.positions.insert(copy.positions.end(), chunk.positions.begin(), chunk.positions.begin() + count);
  }
  copy.view_heads(heads_, dim_);
  copy.step = step_;
  return copy;
}

void QueryEvidence::Copy::view_heads(std::size_t count, std::size_t dim) {
  for (std::size_t head = 0; head < count; ++head) {
    const std::uint16_t* const first = values.empty() ? nullptr : values.data() + head * dim;
    heads.emplace_back(first, DType::bf16, positions.size(), dim, count * dim);
  }
}

MatrixView QueryEvidence::Copy::since(std::int64_t position) const noexcept {
  if (heads.empty()) return {};
  const auto first = static_cast<std::size_t>(std::ranges::lower_bound(positions, position) - positions.begin());
  const std::size_t dim = heads.front().cols;
  const std::size_t row = heads.size() * dim;
  return {values.data() + first * row, DType::bf16, (positions.size() - first) * heads.size(), dim};
}

void QueryEvidence::restore(const Copy& kept) {
  add(kept.queries());
  const std::lock_guard lock(mutex_);
  step_ *= kept.step;
  count_ *= kept.step;
}

std::size_t QueryEvidence::rows() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

std::size_t QueryEvidence::bytes(std::size_t added) const {
  const std::lock_guard lock(mutex_);
  const std::size_t rows = kept_ * heads_ + added;
  const std::size_t most = heads_ == 0 && most_ != 0 ? rows : most_ * heads_;
  return std::min(rows, most) * dim_ * sizeof(std::uint16_t);
}

std::size_t QueryEvidence::inherited_bytes() const {
  const std::lock_guard lock(mutex_);
  return inherited_ * row() * sizeof(std::uint16_t);
}

}  // namespace rattan
