// One search on the device, in chunks of query rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device.h"
#include "plan.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/results.h"
#include "scan/visible_rows.h"

namespace rattan::cuda {

// Pinned memory of the chunk in flight and the one being read.
struct HostSlot {
  PinnedBuffer queries;
  PinnedBuffer counts;
  PinnedBuffer results;
  Event uploaded;
  Event computed;
  Event copied;
};

struct SearchContext {
  const DevicePool& pool;
  cudaStream_t stream;  // kernels
  cudaStream_t upload;  // copies of a chunk run beside the kernels of another, in order by events
  cudaStream_t download;
  std::size_t memory_limit;
  bool hopper;
  std::uint32_t multiprocessors;
  HostSlot (&slots)[chunk_slots];
  Executor& executor;
};

// Where results go. Untouched: the system has not given the memory yet.
struct Target {
  NeighborTable& table;
  bool untouched;
};

// Fills the table. queries and keys: one 2-byte type, the same 1..256 columns, host or device memory; k 1..most_k.
// False: products may overflow fp32, so that the order of summation would decide; the table is unchanged in parts not
// yet searched. Throws Error(invalid_argument) for NaN or infinity in device memory (host memory is the caller's to
// check), Error(no_memory).
bool search(const SearchContext& context, MatrixView queries, MatrixView keys, std::uint32_t k,
            const VisibleRows& visible, Target target);

}  // namespace rattan::cuda
