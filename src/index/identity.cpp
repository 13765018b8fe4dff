#include "index/identity.h"

#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "storage/checksum.h"

namespace rattan {
namespace {

constexpr std::string_view section_name = "identity";

template <typename T>
void check_same(const Container& container, std::string_view what, const T& saved, const T& given) {
  if (saved == given) return;
  fail(ErrorCode::invalid_argument, "keys: ", what, " is ", given, ", but ", container.name(),
       " was saved over keys of ", what, " ", saved);
}

}  // namespace

void add_identity(ContainerWriter& writer, const Index& index) {
  ByteWriter out;
  out.u64(index.size());
  out.u64(index.dim());
  out.u32(static_cast<std::uint32_t>(index.keys().dtype));
  out.u32(static_cast<std::uint32_t>(index.metric()));
  out.u64(fingerprint(index.keys()));
  writer.add(std::string(section_name), out.take());
}

Metric check_identity(const Container& container, const MatrixView& keys) {
  ByteReader in = container.section(section_name);
  const auto rows = in.number_in<std::uint64_t>("rows", 0, no_key);
  const auto dim = in.number_in<std::uint64_t>("dim", 1, 1U << 16);
  const auto dtype = static_cast<DType>(in.number_in<std::uint32_t>("dtype", 0, 2));
  const auto metric = static_cast<Metric>(in.number_in<std::uint32_t>("metric", 0, 1));
  const std::uint64_t saved = in.u64("fingerprint");
  in.expect_end();

  check_same<std::uint64_t>(container, "rows", rows, keys.rows);
  check_same<std::uint64_t>(container, "dim", dim, keys.cols);
  check_same<std::string_view>(container, "dtype", to_string(dtype), to_string(keys.dtype));
  check_same<std::uint64_t>(container, "fingerprint", saved, fingerprint(keys));
  return metric;
}

}  // namespace rattan
