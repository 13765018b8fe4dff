#include "datasets/safetensors.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "storage/byte_reader.h"

namespace rattan::datasets {
namespace {

constexpr std::uint64_t max_header_size = 100'000'000;

std::uint64_t expected_size(const HeaderEntry& entry, const std::string& what) {
  std::uint64_t size = type_size(entry.type);
  for (const std::uint64_t dimension : entry.shape) size = checked_mul(size, dimension, what + ": shape");
  return size;
}

// Begin to end without overlap or hole, and as long as shape and type say.
void check_tiling(const std::vector<HeaderEntry>& entries, std::uint64_t data_size, const std::string& file) {
  std::vector<const HeaderEntry*> in_order;
  in_order.reserve(entries.size());
  for (const HeaderEntry& entry : entries) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(), [](const HeaderEntry* a, const HeaderEntry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = 0;
  for (const HeaderEntry* entry : in_order) {
    const std::string what = file + ": tensor \"" + entry->name + "\"";
    if (entry->begin != at || entry->end < entry->begin || entry->end > data_size) {
      fail(ErrorCode::corrupt, what, ": data_offsets are ", entry->begin, " to ", entry->end, ", expected from ", at,
           " and within ", data_size, " bytes");
    }
    const std::uint64_t size = expected_size(*entry, what);
    if (size != entry->end - entry->begin) {
      fail(ErrorCode::corrupt, what, ": shape and dtype need ", size, " bytes, data_offsets give ",
           entry->end - entry->begin);
    }
    at = entry->end;
  }
  if (at != data_size) fail(ErrorCode::corrupt, file, ": tensors end at ", at, " of ", data_size, " bytes of data");
}

}  // namespace

Safetensors Safetensors::open(const std::filesystem::path& path, Access access) {
  return parse(Source::open(path, access));
}

Safetensors Safetensors::parse(Source source) {
  ByteReader in(source.bytes, source.name);
  const auto header_size = in.u64("header length");
  if (header_size > max_header_size || header_size > in.remaining()) {
    fail(ErrorCode::corrupt, source.name, ": header length is ", header_size, ", allowed is up to ",
         std::min(max_header_size, in.remaining()));
  }
  SafetensorsHeader header = parse_safetensors_header(in.text(header_size, "header"), source.name);
  const auto data = in.take(in.remaining(), "data");
  check_tiling(header.entries, data.size(), source.name);

  Safetensors file;
  file.source_ = std::move(source);
  file.metadata_ = std::move(header.metadata);
  for (HeaderEntry& entry : header.entries) {
    const auto bytes =
        data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
    file.tensors_.push_back({std::move(entry.name), entry.type, std::move(entry.shape), bytes});
  }
  return file;
}

const Tensor* Safetensors::find(std::string_view tensor) const noexcept {
  const auto found = std::lower_bound(tensors_.begin(), tensors_.end(), tensor,
                                      [](const Tensor& entry, std::string_view name) { return entry.name < name; });
  return found != tensors_.end() && found->name == tensor ? &*found : nullptr;
}

const Tensor& Safetensors::at(std::string_view tensor) const {
  const Tensor* const found = find(tensor);
  if (found == nullptr) fail(ErrorCode::corrupt, name(), ": tensor \"", tensor, "\" is missing");
  return *found;
}

DType Safetensors::dtype(const Tensor& tensor) const {
  return to_dtype(tensor.type, name() + ": tensor \"" + tensor.name + "\"");
}

SharedMatrix Safetensors::matrix(std::string_view tensor) const {
  const Tensor& found = at(tensor);
  if (found.shape.size() != 2) {
    fail(ErrorCode::corrupt, name(), ": tensor \"", tensor, "\" has ", found.shape.size(), " dimensions, expected 2");
  }
  return {{found.bytes.data(), dtype(found), static_cast<std::size_t>(found.shape[0]),
           static_cast<std::size_t>(found.shape[1])},
          source_.owner};
}

SharedMatrix Safetensors::matrix(const Tensor& tensor, std::size_t index) const {
  if (tensor.shape.size() != 3 || index >= tensor.shape[0]) {
    fail(ErrorCode::invalid_argument, name(), ": tensor \"", tensor.name, "\" has no matrix ", index);
  }
  const auto rows = static_cast<std::size_t>(tensor.shape[1]);
  const auto cols = static_cast<std::size_t>(tensor.shape[2]);
  const std::size_t size = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape[0]);
  return {{tensor.bytes.data() + index * size, dtype(tensor), rows, cols}, source_.owner};
}

std::vector<std::int64_t> Safetensors::integers(const Tensor& tensor) const {
  ByteReader in(tensor.bytes, name());
  const std::uint64_t count = tensor.bytes.size() / type_size(tensor.type);
  if (tensor.type == TensorType::i64) return in.array<std::int64_t>(count, tensor.name);
  if (tensor.type != TensorType::i32) {
    fail(ErrorCode::unsupported, name(), ": tensor \"", tensor.name, "\" has the dtype ", to_string(tensor.type),
         ", read are I32 and I64");
  }
  const auto narrow = in.array<std::int32_t>(count, tensor.name);
  return {narrow.begin(), narrow.end()};
}

}  // namespace rattan::datasets
