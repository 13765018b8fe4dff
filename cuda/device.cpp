#include "device.h"

#include <string>

#include "core/check.h"
#include "rattan/exact_topk.h"

namespace rattan {

bool cuda_available(std::string* why) {
  int devices = 0;
  std::string reason;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) {
    cudaGetLastError();
    reason = cudaGetErrorString(status);
  } else if (devices == 0) {
    reason = "no CUDA device";
  } else {
    int major = 0;
    int pools = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
    cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, 0);
    if (major < 8) reason = message("compute capability ", major, ".x, needed is 8.0 or above");
    if (pools == 0) reason = "the driver has no memory pools";
  }
  if (why != nullptr) *why = reason;
  return reason.empty();
}

namespace cuda {

void check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an allocation that failed must not fail the next call
  const ErrorCode code = status == cudaErrorMemoryAllocation ? ErrorCode::no_memory : ErrorCode::unsupported;
  fail(code, "CUDA: ", what, ": ", cudaGetErrorString(status));
}

DeviceScope::DeviceScope(int device) {
  check(cudaGetDevice(&before_), "current device");
  check(cudaSetDevice(device), "CudaOptions::device");
}

DeviceScope::~DeviceScope() { cudaSetDevice(before_); }

DevicePool::DevicePool(int device) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  check(cudaMemPoolCreate(&pool_, &properties), "memory pool");
  std::uint64_t keep = ~std::uint64_t{0};
  check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep), "memory pool");
}

DevicePool::~DevicePool() { cudaMemPoolDestroy(pool_); }

std::size_t DevicePool::reserved() const {
  std::uint64_t bytes = 0;
  check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &bytes), "memory pool");
  return bytes;
}

void DevicePool::trim() noexcept { cudaMemPoolTrimTo(pool_, 0); }

PinnedBuffer::~PinnedBuffer() { cudaFreeHost(data_); }

void PinnedBuffer::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  cudaFreeHost(data_);
  data_ = nullptr;
  bytes_ = 0;
  check(cudaMallocHost(&data_, bytes), "pinned host memory");
  bytes_ = bytes;
}

Stream::Stream(void* given) : stream_(static_cast<cudaStream_t>(given)), owned_(given == nullptr) {
  if (owned_) check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "stream");
}

Stream::~Stream() {
  if (owned_) cudaStreamDestroy(stream_);
}

Event::Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "event"); }

Event::~Event() { cudaEventDestroy(event_); }

bool on_device(const void* pointer) {
  cudaPointerAttributes attributes = {};
  if (pointer == nullptr || cudaPointerGetAttributes(&attributes, pointer) != cudaSuccess) {
    cudaGetLastError();
    return false;
  }
  return attributes.type == cudaMemoryTypeDevice;
}

}  // namespace cuda
}  // namespace rattan
