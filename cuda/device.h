// Device and pinned memory that frees itself, and CUDA errors as rattan::Error.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rattan::cuda {

// Throws Error(no_memory) for a failed allocation and Error(unsupported) for any other error, naming `what`.
void check(cudaError_t status, std::string_view what);

// Makes a device current for a scope.
class DeviceScope {
 public:
  explicit DeviceScope(int device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
};

// Allocations in the order of a stream, from a pool that keeps what is freed.
class DevicePool {
 public:
  explicit DevicePool(int device);
  ~DevicePool();
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  cudaMemPool_t get() const noexcept { return pool_; }
  std::size_t reserved() const;  // bytes held, in use or not
  void trim() noexcept;          // gives back what is free

 private:
  cudaMemPool_t pool_ = nullptr;
};

template <typename T>
class DeviceArray {
 public:
  DeviceArray(const DevicePool& pool, std::size_t size, cudaStream_t stream) : stream_(stream) {
    if (size == 0) return;
    check(cudaMallocFromPoolAsync(reinterpret_cast<void**>(&data_), size * sizeof(T), pool.get(), stream),
          "device memory");
  }
  ~DeviceArray() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const noexcept { return data_; }

 private:
  T* data_ = nullptr;
  cudaStream_t stream_;
};

// Pinned host memory that grows.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  ~PinnedBuffer();
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;

  void reserve(std::size_t bytes);
  template <typename T>
  T* as() const noexcept {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

class Stream {
 public:
  explicit Stream(void* given);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const noexcept { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
  bool owned_ = false;
};

class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t get() const noexcept { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

// Whether a pointer names device memory that the host cannot read.
bool on_device(const void* pointer);

}  // namespace rattan::cuda
