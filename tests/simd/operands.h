// Operands for kernel tests: rows at any byte offset, rows that end where readable memory ends, and what a kernel must
// answer, in double precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan::test {

// Readable and writable memory whose end touches an inaccessible page.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t bytes);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  unsigned char* begin() const noexcept { return begin_; }
  template <typename T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(begin_);
  }

 private:
  void* mapping_;
  std::size_t mapped_;
  unsigned char* begin_;  // need not be aligned
};

// `values` as stored: rounded to dtype, little endian.
std::vector<unsigned char> encode(const std::vector<float>& values, DType dtype);
// One stored element, widened exactly.
double decode(const unsigned char* element, DType dtype);

// count standard normal numbers.
std::vector<float> normal_values(std::size_t count, std::uint64_t seed);
// count numbers of random sign and mantissa; exponents spread over 40 binary orders below 2^top.
std::vector<float> wide_values(std::size_t count, std::uint64_t seed, int top);

struct Expected {
  double score = 0;
  double magnitude = 0;  // sum of the absolute values of all terms
};

Expected expected_score(const float* query, const unsigned char* row, DType dtype, std::size_t dim, Metric metric);

// FAULTS R20: 2 * d * 2^-24 of the terms' magnitude; L2 rounds a difference before it squares. The rest is what
// subnormal results may lose.
double allowed_error(const Expected& expected, std::size_t dim, Metric metric);

// A kernel of one table: what most tests are run over.
struct KernelCase {
  const simd::Kernels* set;
  Metric metric;
  DType dtype;

  simd::ScoreRows score() const noexcept { return set->score(metric, dtype); }
};
std::vector<KernelCase> all_kernel_cases();
std::string name_of(const KernelCase& kernel_case);

}  // namespace rattan::test
