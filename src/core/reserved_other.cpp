#include <cstring>
#include <new>

#include "core/aligned.h"
#include "core/check.h"
#include "core/reserved.h"

namespace rattan {

ReservedMemory::ReservedMemory(std::size_t bytes) {
  if (bytes == 0) return;
  try {
    data_ = allocate_aligned(bytes);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::no_memory, "an allocation of ", bytes, " bytes failed");
  }
  bytes_ = bytes;
  std::memset(data_, 0, bytes);
}

ReservedMemory::~ReservedMemory() {
  if (data_ != nullptr) free_aligned(data_, bytes_);
}

}  // namespace rattan
