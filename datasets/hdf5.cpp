#include "datasets/hdf5.h"

#include <hdf5.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"

namespace rattan::datasets {

const bool have_hdf5 = true;

namespace {

constexpr std::uint64_t most_packed = 1032;  // how far deflate can pack

// An object of libhdf5, closed at the end.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  hid_t id() const { return id_; }
  bool good() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : name_(path.string()), size_(std::filesystem::file_size(path)), file_(open(name_), H5Fclose) {
    if (!file_.good()) fail(ErrorCode::corrupt, name_, ": libhdf5 cannot open it");
  }

  // The link itself must lie in the file: no soft link, no other file.
  bool has(const char* data_set) const {
    H5L_info_t info;
    return H5Lexists(file_.id(), data_set, H5P_DEFAULT) > 0 &&
           H5Lget_info(file_.id(), data_set, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
  }

  template <typename T>
  struct Numbers {
    std::uint64_t rows = 0;
    std::uint64_t cols = 0;
    std::vector<T> values;
  };

  Numbers<float> floats(const char* data_set) const;
  Numbers<std::int32_t> integers(const char* data_set) const;
  std::string text(const char* attribute) const;

 private:
  struct Shape {
    std::size_t rows;
    std::size_t cols;
  };

  static hid_t open(const std::string& name) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    unsigned no_plugins = 0;
    H5PLset_loading_state(no_plugins);
    return H5Fopen(name.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }

  template <typename... Parts>
  [[noreturn]] void refuse(ErrorCode code, const char* data_set, const Parts&... parts) const {
    fail(code, name_, ": data set \"", data_set, "\" ", parts...);
  }

  Shape shape_of(hid_t data, const char* data_set, H5T_class_t type_class, std::uint64_t element) const;
  void check_storage(hid_t data, const char* data_set, std::uint64_t bytes) const;

  template <typename T>
  std::vector<T> read(hid_t data, const char* data_set, hid_t type, std::size_t count) const {
    try {
      std::vector<T> numbers(count);
      if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()) < 0) {
        refuse(ErrorCode::corrupt, data_set, "cannot be read: damaged, or compressed in a way that libhdf5 lacks");
      }
      return numbers;
    } catch (const std::bad_alloc&) {
      refuse(ErrorCode::no_memory, data_set, "does not fit into memory");
    }
  }

  std::string name_;
  std::uint64_t size_;
  Handle file_;
};

void File::check_storage(hid_t data, const char* data_set, std::uint64_t bytes) const {
  const Handle properties(H5Dget_create_plist(data), H5Pclose);
  if (!properties.good()) refuse(ErrorCode::corrupt, data_set, "has no properties");
  const H5D_layout_t layout = H5Pget_layout(properties.id());
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
    refuse(ErrorCode::unsupported, data_set, "lies in other files");
  }
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties.id()) != 0) {
    refuse(ErrorCode::unsupported, data_set, "lies in other files");
  }
  const std::uint64_t stored = layout == H5D_COMPACT ? bytes : H5Dget_storage_size(data);
  const std::uint64_t packed = H5Pget_nfilters(properties.id()) > 0 ? most_packed : 1;
  if (stored > size_ || bytes / packed > stored) {
    refuse(ErrorCode::corrupt, data_set, "needs ", bytes, " bytes, ", stored, " are stored in a file of ", size_);
  }
}

File::Shape File::shape_of(hid_t data, const char* data_set, H5T_class_t type_class, std::uint64_t element) const {
  const Handle space(H5Dget_space(data), H5Sclose);
  const Handle type(H5Dget_type(data), H5Tclose);
  if (!space.good() || !type.good()) refuse(ErrorCode::corrupt, data_set, "has no shape or type");
  if (H5Tget_class(type.id()) != type_class) {
    refuse(ErrorCode::unsupported, data_set, "does not hold ", type_class == H5T_FLOAT ? "floats" : "integers");
  }
  if (H5Sget_simple_extent_ndims(space.id()) != 2) refuse(ErrorCode::unsupported, data_set, "needs two dimensions");
  std::array<hsize_t, 2> dims{};
  H5Sget_simple_extent_dims(space.id(), dims.data(), nullptr);
  if (dims[0] == 0 || dims[1] == 0 || dims[0] >= no_key || dims[1] >= no_key) {
    refuse(ErrorCode::corrupt, data_set, "is ", dims[0], " by ", dims[1], ", allowed is 1 to ", no_key - 1);
  }
  const std::uint64_t numbers = checked_mul(dims[0], dims[1], name_);
  check_storage(data, data_set, checked_mul(numbers, H5Tget_size(type.id()), name_));
  checked_mul(numbers, element, name_);
  return {static_cast<std::size_t>(dims[0]), static_cast<std::size_t>(dims[1])};
}

File::Numbers<float> File::floats(const char* data_set) const {
  const Handle data(has(data_set) ? H5Dopen2(file_.id(), data_set, H5P_DEFAULT) : -1, H5Dclose);
  if (!data.good()) {
    refuse(ErrorCode::corrupt, data_set, "is missing: read are train and test, learn and neighbors (VIBE, ",
           "ann-benchmarks)");
  }
  const Shape shape = shape_of(data.id(), data_set, H5T_FLOAT, sizeof(float));
  return {shape.rows, shape.cols, read<float>(data.id(), data_set, H5T_NATIVE_FLOAT, shape.rows * shape.cols)};
}

File::Numbers<std::int32_t> File::integers(const char* data_set) const {
  const Handle data(H5Dopen2(file_.id(), data_set, H5P_DEFAULT), H5Dclose);
  if (!data.good()) refuse(ErrorCode::corrupt, data_set, "cannot be opened");
  const Shape shape = shape_of(data.id(), data_set, H5T_INTEGER, sizeof(std::int32_t));
  return {shape.rows, shape.cols, read<std::int32_t>(data.id(), data_set, H5T_NATIVE_INT32, shape.rows * shape.cols)};
}

// A string of fixed or variable length; empty where there is none.
std::string File::text(const char* attribute) const {
  constexpr std::size_t longest = 64;
  if (H5Aexists(file_.id(), attribute) <= 0) return {};
  const Handle value(H5Aopen(file_.id(), attribute, H5P_DEFAULT), H5Aclose);
  if (!value.good()) return {};
  const Handle type(H5Aget_type(value.id()), H5Tclose);
  const Handle space(H5Aget_space(value.id()), H5Sclose);
  if (!type.good() || !space.good() || H5Tget_class(type.id()) != H5T_STRING ||
      H5Sget_simple_extent_npoints(space.id()) != 1) {
    return {};
  }
  if (H5Tis_variable_str(type.id()) > 0) {
    char* read = nullptr;
    if (H5Aread(value.id(), type.id(), &read) < 0 || read == nullptr) return {};
    std::string text(read);
    H5free_memory(read);
    return text;
  }
  std::array<char, longest + 1> fixed{};
  if (H5Tget_size(type.id()) > longest || H5Aread(value.id(), type.id(), fixed.data()) < 0) return {};
  return fixed.data();
}

void check_unit_length(const MatrixView& keys, const std::string& name, const std::string& distance) {
  constexpr double tolerance = 1e-3;
  for (std::size_t row = 0; row < keys.rows; ++row) {
    const auto* const values = static_cast<const float*>(keys.row(row));
    double square = 0;
    for (std::size_t i = 0; i < keys.cols; ++i) square += static_cast<double>(values[i]) * values[i];
    if (std::abs(std::sqrt(square) - 1) <= tolerance) continue;
    fail(ErrorCode::unsupported, name, ": distance is \"", distance, "\" and key ", row, " has the length ",
         std::sqrt(square), "; inner products rank as angles where keys have length 1: normalise train");
  }
}

void check_distance(const std::string& distance, const MatrixView& keys, const std::string& name) {
  if (distance.empty() || distance == "ip" || distance == "dot" || distance == "normalized") return;
  if (distance == "cosine" || distance == "angular") return check_unit_length(keys, name, distance);
  fail(ErrorCode::unsupported, name, ": distance is \"", distance,
       "\"; attention ranks keys by inner products: read are ip, dot, normalized, cosine, angular");
}

// libhdf5 (1.10.8) writes behind its own buffers for some damaged files, so a process of its own reads the file and
// sends what it found: first the error code and text, or none, then the data sets in the order of Hdf5Vectors, each as
// rows, cols (0: there is none) and numbers. What comes through is checked as a file would be.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) fail(ErrorCode::io, "no pipe for reading HDF5: ", std::strerror(errno));
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

  // False where the other side is gone.
  bool send(const void* data, std::size_t size) const {
    for (std::size_t at = 0; at < size;) {
      const ssize_t count = ::write(ends_[1], static_cast<const char*>(data) + at, size - at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

  bool receive(void* data, std::size_t size) const {
    for (std::size_t at = 0; at < size;) {
      const ssize_t count = ::read(ends_[0], static_cast<char*>(data) + at, size - at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }

  std::array<int, 2> ends_{};
};

constexpr std::uint32_t no_error = ~std::uint32_t{0};
constexpr std::uint64_t longest_text = 4096;

bool send_verdict(const Pipe& pipe, std::uint32_t code, const std::string& text) {
  const std::uint64_t size = std::min<std::uint64_t>(text.size(), longest_text);
  return pipe.send(&code, sizeof code) && pipe.send(&size, sizeof size) && pipe.send(text.data(), size);
}

template <typename T>
bool send_numbers(const Pipe& pipe, const File::Numbers<T>& numbers) {
  return pipe.send(&numbers.rows, sizeof numbers.rows) && pipe.send(&numbers.cols, sizeof numbers.cols) &&
         pipe.send(numbers.values.data(), numbers.values.size() * sizeof(T));
}

// In the child. Everything is read before the verdict is sent.
void read_and_send(const std::filesystem::path& path, const Pipe& pipe) {
  try {
    const File file(path);
    const File::Numbers<float> train = file.floats("train");
    check_distance(file.text("distance"), {train.values.data(), DType::f32, train.rows, train.cols}, path.string());
    const File::Numbers<float> test = file.floats("test");
    const auto learn = file.has("learn") ? file.floats("learn") : File::Numbers<float>();
    const auto neighbors = file.has("neighbors") ? file.integers("neighbors") : File::Numbers<std::int32_t>();
    (void)(send_verdict(pipe, no_error, "") && send_numbers(pipe, train) && send_numbers(pipe, test) &&
           send_numbers(pipe, learn) && send_numbers(pipe, neighbors));
  } catch (const Error& error) {
    send_verdict(pipe, static_cast<std::uint32_t>(error.code()), error.what());
  } catch (const std::exception& error) {
    send_verdict(pipe, static_cast<std::uint32_t>(ErrorCode::io), path.string() + ": " + error.what());
  }
}

[[noreturn]] void fail_broken(const std::string& name) {
  fail(ErrorCode::corrupt, name, ": libhdf5 broke off while reading it: the file is damaged");
}

template <typename T>
File::Numbers<T> receive_numbers(const Pipe& pipe, const std::string& name, std::uint64_t most_bytes) {
  File::Numbers<T> numbers;
  if (!pipe.receive(&numbers.rows, sizeof numbers.rows) || !pipe.receive(&numbers.cols, sizeof numbers.cols)) {
    fail_broken(name);
  }
  const std::uint64_t bytes = checked_mul(checked_mul(numbers.rows, numbers.cols, name), sizeof(T), name);
  if (bytes > most_bytes) fail_broken(name);
  try {
    numbers.values.resize(bytes / sizeof(T));
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::no_memory, name, ": needs ", bytes, " bytes");
  }
  if (!pipe.receive(numbers.values.data(), bytes)) fail_broken(name);
  return numbers;
}

SharedMatrix shared(File::Numbers<float> numbers) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(numbers.values));
  const MatrixView view(owner->data(), DType::f32, numbers.rows, numbers.cols);
  return {view, std::move(owner)};
}

Hdf5Vectors receive_vectors(const Pipe& pipe, const std::filesystem::path& path) {
  const std::string name = path.string();
  std::uint32_t code = no_error;
  std::uint64_t size = 0;
  if (!pipe.receive(&code, sizeof code) || !pipe.receive(&size, sizeof size) || size > longest_text) fail_broken(name);
  std::string text(size, ' ');
  if (!pipe.receive(text.data(), size)) fail_broken(name);
  if (code != no_error) throw Error(static_cast<ErrorCode>(code), text);

  // A float of the file may be half as wide as here.
  const std::uint64_t most_bytes = checked_mul(std::filesystem::file_size(path), 4 * most_packed, name);
  Hdf5Vectors vectors;
  vectors.train = shared(receive_numbers<float>(pipe, name, most_bytes));
  vectors.test = shared(receive_numbers<float>(pipe, name, most_bytes));
  auto learn = receive_numbers<float>(pipe, name, most_bytes);
  if (learn.rows > 0) vectors.learn = shared(std::move(learn));
  auto neighbors = receive_numbers<std::int32_t>(pipe, name, most_bytes);
  if (neighbors.rows > 0) vectors.neighbors = IntegerRows{neighbors.rows, neighbors.cols, std::move(neighbors.values)};
  return vectors;
}

}  // namespace

Hdf5Vectors read_hdf5(const std::filesystem::path& path) {
  (void)Source::open(path, Access::map);  // what is missing or empty is said as of other files
  Pipe pipe;
  const pid_t child = ::fork();
  if (child < 0) fail(ErrorCode::io, path.string(), ": no process for reading HDF5: ", std::strerror(errno));
  if (child == 0) {
    pipe.close_read();
    read_and_send(path, pipe);
    ::kill(::getpid(), SIGKILL);  // nothing of the parent's, no handler and no destructor, runs in the child
  }
  pipe.close_write();
  const auto wait = [&] {
    pipe.close_read();
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  };
  try {
    Hdf5Vectors vectors = receive_vectors(pipe, path);
    wait();
    return vectors;
  } catch (...) {
    wait();
    throw;
  }
}

}  // namespace rattan::datasets
