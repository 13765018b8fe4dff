#include "datasets/embedded.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "core/half.h"
#include "datasets/safetensors.h"

// The assembler puts the file into the read-only data of this object.
__asm__(
    ".pushsection .rodata\n"
    ".balign 64\n"
    ".globl rattan_embedded_begin\n"
    ".hidden rattan_embedded_begin\n"
    "rattan_embedded_begin:\n"
    ".incbin \"" RATTAN_EMBEDDED_FILE
    "\"\n"
    ".globl rattan_embedded_end\n"
    ".hidden rattan_embedded_end\n"
    "rattan_embedded_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const std::byte rattan_embedded_begin[];
[[gnu::visibility("hidden")]] extern const std::byte rattan_embedded_end[];
}

namespace rattan::datasets {
namespace {

// Head `head` of an 8-bit tensor: every column has its scale and offset, value = offset + scale * byte.
SharedMatrix expand(const Safetensors& file, const std::string& tensor, std::size_t head) {
  const Tensor& bytes = file.at(tensor);
  const auto rows = static_cast<std::size_t>(bytes.shape.at(1));
  const auto columns = static_cast<std::size_t>(bytes.shape.at(2));
  const SharedMatrix scale = file.matrix(tensor + "_scale");
  const SharedMatrix offset = file.matrix(tensor + "_offset");
  const auto* const scales = reinterpret_cast<const float*>(scale.view.row(head));
  const auto* const offsets = reinterpret_cast<const float*>(offset.view.row(head));
  const std::byte* const from = bytes.bytes.data() + head * rows * columns;
  auto values = std::make_shared<std::vector<std::uint16_t>>(rows * columns);
  for (std::size_t i = 0; i < values->size(); ++i) {
    const std::size_t column = i % columns;
    (*values)[i] = to_bf16(offsets[column] + scales[column] * static_cast<float>(from[i]));
  }
  return {MatrixView(values->data(), DType::bf16, rows, columns), values};
}

}  // namespace

std::span<const std::byte> embedded_file() noexcept { return {rattan_embedded_begin, rattan_embedded_end}; }

KvGroup embedded_group() {
  const Safetensors file = Safetensors::parse({embedded_file(), nullptr, "embedded"});
  KvGroup group;
  group.layer = std::stoi(file.metadata().at("layer"));
  group.kv_head = std::stoi(file.metadata().at("kv_head"));
  group.prefill = std::stoul(file.metadata().at("prefill"));
  group.softmax_scale = std::stod(file.metadata().at("softmax_scale"));
  group.source = file.metadata().at("source");
  group.keys = expand(file, "k", 0);
  for (const std::int64_t position : file.integers(file.at("q_pos"))) {
    const bool decoded = static_cast<std::size_t>(position) >= group.prefill;
    (decoded ? group.decode_positions : group.prefill_positions).push_back(position);
  }
  const std::size_t prefill_rows = group.prefill_positions.size();
  for (std::size_t head = 0; head < file.at("q").shape.front(); ++head) {
    const SharedMatrix rows = expand(file, "q", head);
    group.prefill_queries.push_back({rows.view.slice(0, prefill_rows), rows.owner});
    group.decode_queries.push_back({rows.view.slice(prefill_rows, group.decode_positions.size()), rows.owner});
  }
  return group;
}

}  // namespace rattan::datasets
