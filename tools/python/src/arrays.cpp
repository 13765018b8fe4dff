#include "arrays.h"

#include <utility>

#include "rattan/types.h"

namespace rattan::python {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, name + ": " + why);
}

DType dtype_of(const nb::dlpack::dtype& dtype, const std::string& wanted, const std::string& name) {
  using Code = nb::dlpack::dtype_code;
  const auto code = static_cast<Code>(dtype.code);
  std::string found;
  if (code == Code::Float && dtype.bits == 32) found = "f32";
  if (code == Code::Float && dtype.bits == 16) found = "f16";
  if (code == Code::Bfloat && dtype.bits == 16) found = "bf16";
  if (code == Code::UInt && dtype.bits == 16 && wanted == "bf16") found = "bf16";
  if (found.empty()) {
    refuse(name, "its elements are float32, float16 or bfloat16 (or uint16 with dtype=\"bf16\"), not type code " +
                     std::to_string(dtype.code) + " with " + std::to_string(dtype.bits) + " bits");
  }
  if (!wanted.empty() && wanted != found) refuse(name, "its elements are " + found + ", and dtype says " + wanted);
  if (found == "f32") return DType::f32;
  return found == "f16" ? DType::f16 : DType::bf16;
}

// The last reference may go on any thread, also after the interpreter has ended.
void release(const nb::ndarray<nb::ro>* array) {
  if (Py_IsInitialized() == 0) return;
  const nb::gil_scoped_acquire lock;
  delete array;
}

}  // namespace

Array::Array(nb::ndarray<nb::ro> array, const std::string& dtype, std::string name)
    : dtype_(dtype_of(array.dtype(), dtype, name)), name_(std::move(name)) {
  if (array.ndim() < 1 || array.ndim() > 4) {
    refuse(name_, "has " + std::to_string(array.ndim()) + " dimensions; 1 to 4 are allowed");
  }
  const std::size_t last = array.ndim() - 1;
  if (array.shape(last) > 1 && array.stride(last) != 1) {
    refuse(name_, "the elements of a row must lie side by side; its last stride is " +
                      std::to_string(array.stride(last)) + " elements (make it contiguous first)");
  }
  array_ = std::shared_ptr<const nb::ndarray<nb::ro>>(new nb::ndarray<nb::ro>(std::move(array)), release);
  owner_ = array_;
}

bool Array::on_cpu() const noexcept {
  const int device = array_->device_type();
  return device == nb::device::cpu::value || device == nb::device::cuda_host::value;
}

const Array& Array::host() const {
  if (!on_cpu()) {
    refuse(name_, "lies on device " + std::to_string(array_->device_type()) + ":" +
                      std::to_string(array_->device_id()) + "; host memory is needed (copy it there first)");
  }
  return *this;
}

std::size_t Array::stride(std::size_t axis) const {
  const auto value = array_->stride(axis);
  if (value < 0)
    refuse(name_, "stride " + std::to_string(value) + " of dimension " + std::to_string(axis) + " is negative");
  return static_cast<std::size_t>(value);
}

MatrixView Array::rows_at(std::size_t offset, std::size_t row_axis) const {
  const std::size_t cols = shape(ndim() - 1);
  const std::size_t rows = shape(row_axis);
  const std::size_t step = rows > 1 ? stride(row_axis) : cols;
  const auto* data = static_cast<const std::byte*>(array_->data()) + offset * dtype_size(dtype_);
  return {data, dtype_, rows, cols, step};
}

MatrixView Array::matrix() const {
  if (ndim() != 2) refuse(name_, "has " + std::to_string(ndim()) + " dimensions; [rows, dim] is needed");
  return rows_at(0, 0);
}

MatrixView Array::flat() const {
  if (ndim() < 2) refuse(name_, "has 1 dimension; [.., dim] is needed");
  const std::size_t cols = shape(ndim() - 1);
  std::size_t rows = 1;
  std::size_t step = cols;  // from one row to the next
  bool known = false;
  for (std::size_t axis = ndim() - 1; axis-- > 0;) {
    const std::size_t count = shape(axis);
    if (count == 1) continue;
    if (known && stride(axis) != step * rows) {
      refuse(name_, "its rows must lie at one distance from each other (make it contiguous first)");
    }
    if (!known) step = stride(axis);
    known = true;
    rows *= count;
  }
  return {array_->data(), dtype_, rows, cols, step};
}

std::vector<MatrixView> Array::heads() const {
  if (ndim() != 3) refuse(name_, "has " + std::to_string(ndim()) + " dimensions; [heads, rows, dim] is needed");
  std::vector<MatrixView> views;
  for (std::size_t head = 0; head < shape(0); ++head) views.push_back(rows_at(head == 0 ? 0 : head * stride(0), 1));
  return views;
}

std::vector<PagedRows> Array::pages(std::span<const std::uint32_t> table, std::size_t tokens) const {
  if (ndim() != 4) {
    refuse(name_, "has " + std::to_string(ndim()) + " dimensions; [pages, rows of a page, heads, dim] is needed");
  }
  for (const std::uint32_t page : table) {
    if (page < shape(0)) continue;
    refuse("table", "page " + std::to_string(page) + "; allowed is below the " + std::to_string(shape(0)) +
                        " pages of " + name_);
  }
  std::vector<PagedRows> all;
  for (std::size_t head = 0; head < shape(2); ++head) {
    PagedRows rows;
    rows.data = static_cast<const std::byte*>(array_->data()) + head * stride(2) * dtype_size(dtype_);
    rows.dtype = dtype_;
    rows.rows = tokens;
    rows.cols = shape(3);
    rows.row_stride = shape(1) > 1 ? stride(1) : shape(3);
    rows.table = table;
    rows.block_rows = shape(1);
    rows.block_stride = stride(0);
    all.push_back(rows);
  }
  return all;
}

std::vector<SharedMatrix> Array::shared_heads() const {
  std::vector<SharedMatrix> shared;
  for (const MatrixView& view : heads()) shared.emplace_back(view, owner_);
  return shared;
}

}  // namespace rattan::python
