#include "operands.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/half.h"
#include "core/random.h"

namespace rattan::test {
GuardedBytes::GuardedBytes(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t usable = (bytes + page - 1) / page * page;
  mapped_ = usable + page;
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::runtime_error("mmap failed");
  auto* const first = static_cast<unsigned char*>(mapping_);
  if (mprotect(first + usable, page, PROT_NONE) != 0) throw std::runtime_error("mprotect failed");
  begin_ = first + usable - bytes;
}

GuardedBytes::~GuardedBytes() { munmap(mapping_, mapped_); }

std::vector<unsigned char> encode(const std::vector<float>& values, DType dtype) {
  std::vector<unsigned char> bytes(values.size() * dtype_size(dtype));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) {
      std::memcpy(bytes.data() + 4 * i, &values[i], 4);
    } else {
      const std::uint16_t half = dtype == DType::f16 ? to_f16(values[i]) : to_bf16(values[i]);
      std::memcpy(bytes.data() + 2 * i, &half, 2);
    }
  }
  return bytes;
}

double decode(const unsigned char* element, DType dtype) {
  if (dtype == DType::f32) {
    float value;
    std::memcpy(&value, element, 4);
    return static_cast<double>(value);
  }
  std::uint16_t half;
  std::memcpy(&half, element, 2);
  return static_cast<double>(dtype == DType::f16 ? from_f16(half) : from_bf16(half));
}

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random_normal(seed, i));
  return values;
}

std::vector<float> wide_values(std::size_t count, std::uint64_t seed, int top) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double mantissa = 0.5 + random_uniform(seed, 3 * i) / 2;
    const int exponent = top - static_cast<int>(random_below(seed, 3 * i + 1, 41));
    const double sign = random_below(seed, 3 * i + 2, 2) == 0 ? 1.0 : -1.0;
    values[i] = static_cast<float>(sign * std::ldexp(mantissa, exponent));
  }
  return values;
}

Expected expected_score(const float* query, const unsigned char* row, DType dtype, std::size_t dim, Metric metric) {
  Expected expected;
  for (std::size_t c = 0; c < dim; ++c) {
    const auto q = static_cast<double>(query[c]);
    const double k = decode(row + c * dtype_size(dtype), dtype);
    const double term = metric == Metric::inner_product ? q * k : -(q - k) * (q - k);
    expected.score += term;
    expected.magnitude += std::fabs(term);
  }
  return expected;
}

double allowed_error(const Expected& expected, std::size_t dim, Metric metric) {
  const auto d = static_cast<double>(dim);
  const double roundings = metric == Metric::inner_product ? d : d + 2;
  return 2 * roundings * 0x1p-24 * expected.magnitude + 2 * d * 0x1p-149;
}

std::vector<KernelCase> all_kernel_cases() {
  std::vector<KernelCase> cases;
  for (const simd::Kernels* set : simd::runnable_kernels())
    for (const Metric metric : {Metric::inner_product, Metric::l2})
      for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) cases.push_back({set, metric, dtype});
  return cases;
}

std::string name_of(const KernelCase& kernel_case) {
  return std::string(kernel_case.set->name) + "_" + to_string(kernel_case.metric) + "_" + to_string(kernel_case.dtype);
}

}  // namespace rattan::test
