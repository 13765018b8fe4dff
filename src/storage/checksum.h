// XXH3-64 of bytes and of matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rattan/matrix.h"

namespace rattan {

// Part of the file format: never change.
std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept;

// Hash of dtype, shape and elements; the same for any row stride. Part of the file format: never change.
std::uint64_t fingerprint(const MatrixView& matrix) noexcept;

}  // namespace rattan
