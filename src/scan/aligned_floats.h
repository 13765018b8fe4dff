// A reusable scratch array of floats that starts on a cache line.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace rattan {

class AlignedFloats {
 public:
  // Room for `count` floats; what was in it is lost when it has to grow.
  void resize(std::size_t count) {
    if (count <= size_) return;
    data_.reset();
    size_ = 0;
    data_.reset(static_cast<float*>(::operator new(count * sizeof(float), alignment)));
    size_ = count;
  }

  float* data() noexcept { return data_.get(); }
  const float* data() const noexcept { return data_.get(); }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(float* data) const noexcept { ::operator delete(data, alignment); }
  };

  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace rattan
