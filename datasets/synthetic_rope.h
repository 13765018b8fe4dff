// Rotary position embedding in the rotate-half form: pair j of a row is (x[j], x[j + dim / 2]).
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace rattan::datasets {

class Rope {
 public:
  static constexpr double base = 5e5;

  // dim: even.
  explicit Rope(std::size_t dim) : frequencies_(dim / 2) {
    const auto pairs = static_cast<double>(frequencies_.size());
    for (std::size_t j = 0; j < frequencies_.size(); ++j) {
      frequencies_[j] = std::pow(base, -static_cast<double>(j) / pairs);
    }
  }

  // Radians per position.
  double frequency(std::size_t pair) const noexcept { return frequencies_[pair]; }

  void rotate(std::size_t position, float* row) const noexcept {
    const std::size_t pairs = frequencies_.size();
    for (std::size_t j = 0; j < pairs; ++j) {
      const double angle = static_cast<double>(position) * frequencies_[j];
      const double c = std::cos(angle), s = std::sin(angle);
      const double x = row[j], y = row[j + pairs];
      row[j] = static_cast<float>(x * c - y * s);
      row[j + pairs] = static_cast<float>(y * c + x * s);
    }
  }

 private:
  std::vector<double> frequencies_;
};

}  // namespace rattan::datasets
