// The safetensors format: an 8-byte length, a JSON header of that length, then the tensors' bytes.
// Same rules as the reference implementation: the header is at most 100 MB and begins with '{'; the tensors' offsets
// tile the data exactly, without overlap, hole or rest; names and JSON keys are unique; all arithmetic is checked.
// Stricter than the reference: unknown keys in a tensor's entry, more than 8 dimensions and the sub-byte types (F4,
// F6_*) are refused. Tensors may lie at odd addresses (FAULTS B5). FAULTS B4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/safetensors_header.h"
#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

struct Tensor {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
};

class Safetensors {
 public:
  // Throws what FileBytes::open throws, and Error(corrupt, unsupported) naming the file and what is wrong.
  static Safetensors open(const std::filesystem::path& path, Access access = Access::copy);
  static Safetensors parse(Source source);

  const std::string& name() const noexcept { return source_.name; }
  const std::vector<Tensor>& tensors() const noexcept { return tensors_; }  // by name
  const Metadata& metadata() const noexcept { return metadata_; }

  const Tensor* find(std::string_view tensor) const noexcept;  // null if there is none
  const Tensor& at(std::string_view tensor) const;             // Error(corrupt) if there is none

  // Two-dimensional F32, F16 or BF16 tensor; else Error(corrupt) or Error(unsupported).
  SharedMatrix matrix(std::string_view tensor) const;

  // Matrix `index` of a three-dimensional tensor; index < shape[0].
  SharedMatrix matrix(const Tensor& tensor, std::size_t index) const;

  // Error(unsupported) naming file and tensor unless it is F32, F16 or BF16.
  DType dtype(const Tensor& tensor) const;

  // All numbers of an I32 or I64 tensor; else Error(unsupported).
  std::vector<std::int64_t> integers(const Tensor& tensor) const;

 private:
  Source source_;
  std::vector<Tensor> tensors_;
  Metadata metadata_;
};

// A tensor to write: its bytes, piece after piece.
struct TensorSource {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;
  std::vector<std::span<const std::byte>> pieces;
};

// Atomic (storage/atomic_save.h); data begins at a multiple of 64. Throws Error(io, not_found), and
// Error(invalid_argument) for a repeated name, pieces that do not make up the shape, or text that is not UTF-8.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorSource> tensors,
                       const Metadata& metadata);

}  // namespace rattan::datasets
