#include "context/evidence_section.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/check.h"
#include "scan/checked_matrix.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

constexpr const char* section_name = "kept_queries";
constexpr std::uint64_t most_positions = 1U << 20;
constexpr std::uint64_t most_step = 1U << 31;
constexpr std::uint32_t most_heads = 32768;

}  // namespace

void add_evidence(ContainerWriter& writer, const QueryEvidence::Copy& kept, std::size_t tokens) {
  const auto end = static_cast<std::int64_t>(tokens);
  const auto first_gone = std::ranges::find_if(kept.positions, [&](std::int64_t position) { return position >= end; });
  const auto count = static_cast<std::size_t>(first_gone - kept.positions.begin());
  if (count == 0) return;
  ByteWriter out;
  out.u64(count);
  out.u64(kept.step);
  out.u32(static_cast<std::uint32_t>(kept.heads.size()));
  for (const std::int64_t position : std::span(kept.positions).first(count)) {
    out.u32(static_cast<std::uint32_t>(position));
  }
  out.array(std::span<const std::uint16_t>(kept.values).first(kept.values.size() / kept.positions.size() * count));
  writer.add(section_name, out.take());
}

QueryEvidence::Copy read_evidence(const Container& container, std::size_t tokens, std::size_t dim) {
  QueryEvidence::Copy kept;
  if (!container.has(section_name)) return kept;
  ByteReader in = container.section(section_name);
  const auto count = in.number_in<std::uint64_t>("positions", 1, most_positions);
  kept.step = in.number_in<std::uint64_t>("step", 1, most_step);
  const auto heads = in.number_in<std::uint32_t>("query heads", 1, most_heads);
  for (const std::uint32_t position : in.array<std::uint32_t>(count, "positions")) {
    if (position >= tokens) {
      fail(ErrorCode::corrupt, in.name(), ": a position is ", position, ", allowed is below ", tokens);
    }
    kept.positions.push_back(position);
  }
  kept.values = in.array<std::uint16_t>(checked_mul(checked_mul(count, heads, "queries"), dim, "queries"), "queries");
  in.expect_end();
  if (!is_allowed({kept.values.data(), DType::bf16, count * heads, dim}, Allowed::below_2_24)) {
    fail(ErrorCode::corrupt, in.name(), ": a query is NaN, infinite or 2^24 or more");
  }
  kept.view_heads(heads, dim);
  return kept;
}

}  // namespace rattan
