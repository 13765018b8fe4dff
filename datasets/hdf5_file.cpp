#include "datasets/hdf5_file.h"

#include <hdf5.h>

#include <array>
#include <cmath>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"

namespace rattan::datasets {
namespace {

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

  SharedMatrix floats(const char* data_set) const;
  IntegerRows integers(const char* data_set) const;
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

SharedMatrix File::floats(const char* data_set) const {
  const Handle data(has(data_set) ? H5Dopen2(file_.id(), data_set, H5P_DEFAULT) : -1, H5Dclose);
  if (!data.good()) {
    refuse(ErrorCode::corrupt, data_set, "is missing: read are train and test, learn and neighbors (VIBE, ",
           "ann-benchmarks)");
  }
  const Shape shape = shape_of(data.id(), data_set, H5T_FLOAT, sizeof(float));
  auto owner = std::make_shared<const std::vector<float>>(
      read<float>(data.id(), data_set, H5T_NATIVE_FLOAT, shape.rows * shape.cols));
  const MatrixView view(owner->data(), DType::f32, shape.rows, shape.cols);
  return {view, std::move(owner)};
}

IntegerRows File::integers(const char* data_set) const {
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

}  // namespace

Hdf5Vectors read_hdf5_here(const std::filesystem::path& path) {
  const File file(path);
  Hdf5Vectors vectors;
  vectors.train = file.floats("train");
  check_distance(file.text("distance"), vectors.train.view, path.string());
  vectors.test = file.floats("test");
  if (file.has("learn")) vectors.learn = file.floats("learn");
  if (file.has("neighbors")) vectors.neighbors = file.integers("neighbors");
  return vectors;
}

}  // namespace rattan::datasets
