#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/check.h"
#include "datasets/safetensors.h"
#include "storage/atomic_save.h"
#include "storage/byte_writer.h"

namespace rattan::datasets {
namespace {

using Json = nlohmann::ordered_json;

// Data begins at a multiple of this, so that rows of a mapped file are aligned where their size allows.
constexpr std::size_t alignment = 64;
constexpr std::size_t length_size = 8;

std::uint64_t size_of(const TensorSource& tensor) {
  std::uint64_t size = type_size(tensor.type);
  for (const std::uint64_t dimension : tensor.shape) {
    size = checked_mul(size, dimension, "tensor \"" + tensor.name + "\": shape", ErrorCode::invalid_argument);
  }
  std::uint64_t given = 0;
  for (const auto piece : tensor.pieces) given += piece.size();
  if (given != size) {
    fail(ErrorCode::invalid_argument, "tensor \"", tensor.name, "\": shape and dtype need ", size,
         " bytes, its pieces have ", given);
  }
  return size;
}

std::string header_text(std::span<const TensorSource> tensors, const Metadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const TensorSource& tensor : tensors) {
    if (tensor.name == "__metadata__" || header.contains(tensor.name)) {
      fail(ErrorCode::invalid_argument, "tensor name \"", tensor.name, "\" is taken");
    }
    const std::uint64_t end = at + size_of(tensor);
    header[tensor.name] = {{"dtype", to_string(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  try {
    return header.dump();
  } catch (const Json::exception&) {
    fail(ErrorCode::invalid_argument, "a tensor name or metadata text is not UTF-8");
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const TensorSource> tensors,
                       const Metadata& metadata) {
  std::string text = header_text(tensors, metadata);
  text.append((alignment - (length_size + text.size()) % alignment) % alignment, ' ');
  ByteWriter head;
  head.u64(text.size());
  head.text(text);

  std::vector<std::span<const std::byte>> pieces{head.view()};
  for (const TensorSource& tensor : tensors) pieces.insert(pieces.end(), tensor.pieces.begin(), tensor.pieces.end());
  atomic_save(path, pieces);
}

}  // namespace rattan::datasets
