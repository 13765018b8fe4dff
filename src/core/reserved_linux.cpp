#include <sys/mman.h>

#include "core/check.h"
#include "core/reserved.h"

namespace rattan {

ReservedMemory::ReservedMemory(std::size_t bytes) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail(ErrorCode::no_memory, "the system refused ", bytes, " bytes of address space");
  data_ = memory;
  bytes_ = bytes;
}

ReservedMemory::~ReservedMemory() {
  if (data_ != nullptr) static_cast<void>(munmap(data_, bytes_));
}

}  // namespace rattan
