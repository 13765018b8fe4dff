#include "datasets/hdf5_message.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core/check.h"
#include "datasets/hdf5_file.h"

namespace rattan::datasets {
namespace {

constexpr std::uint32_t no_error = ~std::uint32_t{0};
constexpr std::uint64_t longest_text = 4096;

// False where the other side is gone.
bool send(int file, const void* data, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const ssize_t count = ::write(file, static_cast<const char*>(data) + at, size - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += static_cast<std::size_t>(count);
  }
  return true;
}

bool send_verdict(int file, std::uint32_t code, const std::string& text) {
  const std::uint64_t size = std::min<std::uint64_t>(text.size(), longest_text);
  return send(file, &code, sizeof code) && send(file, &size, sizeof size) && send(file, text.data(), size);
}

bool send_numbers(int file, std::uint64_t rows, std::uint64_t cols, const void* numbers) {
  return send(file, &rows, sizeof rows) && send(file, &cols, sizeof cols) &&
         send(file, numbers, rows * cols * sizeof(float));
}

bool send_numbers(int file, const MatrixView& matrix) {
  return send_numbers(file, matrix.rows, matrix.cols, matrix.data);
}

class Receiver {
 public:
  Receiver(int file, const std::string& name, std::uint64_t most_bytes)
      : file_(file), name_(name), most_bytes_(most_bytes) {}

  void take(void* data, std::size_t size) const {
    for (std::size_t at = 0; at < size;) {
      const ssize_t count = ::read(file_, static_cast<char*>(data) + at, size - at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail_broken();
      at += static_cast<std::size_t>(count);
    }
  }

  void take_verdict() const {
    std::uint32_t code = no_error;
    std::uint64_t size = 0;
    take(&code, sizeof code);
    take(&size, sizeof size);
    if (size > longest_text) fail_broken();
    std::string text(size, ' ');
    take(text.data(), size);
    if (code == no_error) return;
    const auto first = static_cast<std::uint32_t>(ErrorCode::invalid_argument);
    const auto last = static_cast<std::uint32_t>(ErrorCode::no_memory);
    if (code < first || code > last) fail_broken();
    throw Error(static_cast<ErrorCode>(code), text);
  }

  template <typename T>
  struct Numbers {
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::vector<T> values;
  };

  template <typename T>
  Numbers<T> take_numbers() const {
    static_assert(sizeof(T) == sizeof(float));
    std::uint64_t rows = 0;
    std::uint64_t cols = 0;
    take(&rows, sizeof rows);
    take(&cols, sizeof cols);
    const bool none = rows == 0 && cols == 0;
    const bool allowed = rows > 0 && cols > 0 && rows < no_key && cols < no_key;
    if (!none && !allowed) fail_broken();
    const std::uint64_t bytes = checked_mul(checked_mul(rows, cols, name_), sizeof(T), name_);
    if (bytes > most_bytes_) fail_broken();
    Numbers<T> numbers{rows, cols, {}};
    try {
      numbers.values.resize(bytes / sizeof(T));
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::no_memory, name_, ": needs ", bytes, " bytes");
    }
    take(numbers.values.data(), bytes);
    return numbers;
  }

  SharedMatrix take_matrix() const {
    Numbers<float> numbers = take_numbers<float>();
    auto owner = std::make_shared<const std::vector<float>>(std::move(numbers.values));
    const MatrixView view(owner->data(), DType::f32, numbers.rows, numbers.cols);
    return {view, std::move(owner)};
  }

  SharedMatrix take_present_matrix() const {
    SharedMatrix matrix = take_matrix();
    if (matrix.view.rows == 0) fail_broken();
    return matrix;
  }

 private:
  [[noreturn]] void fail_broken() const {
    fail(ErrorCode::corrupt, name_, ": libhdf5 broke off while reading it: the file is damaged");
  }

  int file_;
  const std::string& name_;
  std::uint64_t most_bytes_;
};

}  // namespace

void send_vectors(int file, const Hdf5Vectors& vectors) {
  static const IntegerRows none;
  const IntegerRows& neighbors = vectors.neighbors ? *vectors.neighbors : none;
  (void)(send_verdict(file, no_error, "") && send_numbers(file, vectors.train.view) &&
         send_numbers(file, vectors.test.view) && send_numbers(file, vectors.learn.value_or(SharedMatrix{}).view) &&
         send_numbers(file, neighbors.rows, neighbors.cols, neighbors.values.data()));
}

void send_error(int file, ErrorCode code, const std::string& text) {
  send_verdict(file, static_cast<std::uint32_t>(code), text);
}

Hdf5Vectors receive_vectors(int file, const std::string& name, std::uint64_t file_bytes) {
  // A number of the file may be a quarter as wide as here.
  const Receiver receiver(file, name, checked_mul(file_bytes, 4 * most_packed, name));
  receiver.take_verdict();
  Hdf5Vectors vectors;
  vectors.train = receiver.take_present_matrix();
  vectors.test = receiver.take_present_matrix();
  SharedMatrix learn = receiver.take_matrix();
  if (learn.view.rows > 0) vectors.learn = std::move(learn);
  auto neighbors = receiver.take_numbers<std::int32_t>();
  if (neighbors.rows > 0) vectors.neighbors = IntegerRows{neighbors.rows, neighbors.cols, std::move(neighbors.values)};
  return vectors;
}

}  // namespace rattan::datasets
