// queries x keys on Hopper. A producer warp streams key tiles through a ring in shared memory by bulk copies; three
// warpgroups hold 64 query rows each in registers and multiply them with a tile in two halves of 64 keys (wgmma): while
// a warpgroup selects from the first half's scores, the tensor cores work on its second half or for the others.
#include "select.cuh"
#include "wgmma.cuh"

namespace rattan::cuda {
namespace {

constexpr int warpgroups = 3;
constexpr int block_rows = warpgroups * static_cast<int>(query_tile);
constexpr int threads = (warpgroups + 1) * 128;
constexpr int most_stages = 6;

struct Control {
  unsigned long long full[most_stages];
  unsigned long long empty[most_stages];
  unsigned long long queries;
};

// More columns do not fit the registers.
constexpr bool in_registers(std::uint32_t blocks) { return blocks <= 2; }

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

constexpr int half_keys = 64;
// 512 threads start with 128 registers each; what the producer needs not is the others'.
constexpr int producer_registers = 24;
constexpr int consumer_registers = 160;

struct Ring {
  std::uint8_t* tiles;
  std::uint32_t tile_bytes;
  std::uint32_t stages;
  std::uint32_t stage = 0;
  std::uint32_t parity = 0;

  __device__ void next() {
    if (++stage == stages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

// The rows of a warpgroup: in registers, or where they lie in shared memory.
template <bool InRegisters, std::uint32_t Blocks>
struct QueryRows {
  __device__ QueryRows(const ScoreWork& work, std::uint32_t first_row, const std::uint8_t* /*shared*/) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::uint32_t row = first_row + threadIdx.x % 128 / 32 * 16 + lane / 4;
#pragma unroll
    for (std::uint32_t step = 0; step < 4 * Blocks; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const std::size_t at =
            packed_offset(query_tile, Blocks, row + i % 2 * 8, 16 * step + 2 * (lane % 4) + i / 2 * 8);
        pieces[step][i] = *reinterpret_cast<const std::uint32_t*>(work.queries + at);
      }
    }
  }
  __device__ const std::uint32_t (&step(std::uint32_t at) const)[4] { return pieces[at]; }

  std::uint32_t pieces[4 * Blocks][4];
};

template <std::uint32_t Blocks>
struct QueryRows<false, Blocks> {
  __device__ QueryRows(const ScoreWork& /*work*/, std::uint32_t /*first_row*/, const std::uint8_t* shared)
      : rows(operand(shared)) {}
  __device__ std::uint64_t step(std::uint32_t at) const {
    return rows + at / 4 * (query_tile * block_row_bytes / 16) + 2 * (at % 4);
  }

  std::uint64_t rows;
};

__device__ void produce(const ScoreWork& work, std::uint8_t* query_rows, std::uint32_t query_bytes, Ring ring,
                        Control& control, std::uint32_t tiles) {
  if (query_bytes != 0) {
    copy_tile(query_rows, work.queries + std::size_t{blockIdx.x} * query_bytes, query_bytes, &control.queries);
  }
  ring.parity = 1;
#pragma unroll 1
  for (std::uint32_t tile = 0; tile < tiles; ++tile, ring.next()) {
    barrier_wait(&control.empty[ring.stage], ring.parity);
    copy_tile(ring.tiles + ring.stage * ring.tile_bytes, work.keys + std::size_t{tile} * ring.tile_bytes,
              ring.tile_bytes, &control.full[ring.stage]);
  }
}

// Starts sum = rows x half a tile.
template <bool Bf16, std::uint32_t Blocks, typename Rows>
__device__ __forceinline__ void start(float (&sum)[32], const Rows& rows, std::uint64_t keys, const Ring& ring,
                                      int half) {
  const std::uint64_t tile = keys + (ring.stage * ring.tile_bytes + half * half_keys * block_row_bytes) / 16;
  multiply_begin();
#pragma unroll
  for (std::uint32_t step = 0; step < 4 * Blocks; ++step) {
    const std::uint64_t b = tile + step / 4 * (key_tile * block_row_bytes / 16) + 2 * (step % 4);
    multiply<Bf16>(sum, rows.step(step), b, step != 0);
  }
  multiply_end();
}

template <bool Bf16, bool Sample, std::uint32_t Blocks>
__device__ __forceinline__ void consume(const ScoreWork& work, const std::uint8_t* query_rows, Ring ring,
                                        Control& control, std::uint32_t tiles) {
  constexpr bool registers = in_registers(Blocks);
  const int group = static_cast<int>(threadIdx.x) / 128;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::uint32_t group_row = blockIdx.x * block_rows + group * query_tile;
  LaneRows rows = lane_rows(work, group_row + threadIdx.x % 128 / 32 * 16, lane % 4, lane);
  if (tiles != 0) {
    if (!registers) barrier_wait(&control.queries, 0);
    const QueryRows<registers, Blocks> queries(work, group_row,
                                               query_rows + group * query_tile * Blocks * block_row_bytes);
    const std::uint64_t keys = operand(ring.tiles);
    float even[32];
    float odd[32];
#pragma unroll 1
    for (std::uint32_t key = 0; key < tiles * key_tile; key += key_tile, ring.next()) {
      barrier_wait(&control.full[ring.stage], ring.parity);
      start<Bf16, Blocks>(even, queries, keys, ring, 0);
      start<Bf16, Blocks>(odd, queries, keys, ring, 1);
      multiply_wait<1>(even);
      select<Sample>(work, rows, even, key, lane);
      multiply_wait<0>(odd);
      if (lane == 0) barrier_arrive(&control.empty[ring.stage]);
      select<Sample>(work, rows, odd, key + half_keys, lane);
    }
  }
  if (!Sample) write_found(work, rows, lane % 4);
}

#endif

template <bool Bf16, bool Sample, std::uint32_t Blocks>
__global__ void __launch_bounds__(threads, 1)
    score(const __grid_constant__ ScoreWork work, std::uint32_t query_bytes, std::uint32_t stages) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  extern __shared__ __align__(1024) std::uint8_t shared[];
  __shared__ Control control;
  const Ring ring = {shared + query_bytes, key_tile * Blocks * block_row_bytes, stages};
  const std::uint32_t seen = (work.counts[blockIdx.x * block_rows] + work.stride - 1) / work.stride;
  const std::uint32_t tiles = (seen + key_tile - 1) / key_tile;
  if (threadIdx.x == 0) {
    for (std::uint32_t i = 0; i < stages; ++i) {
      barrier_init(&control.full[i], 1);
      barrier_init(&control.empty[i], warpgroups * 4);
    }
    barrier_init(&control.queries, 1);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  if (threadIdx.x >= warpgroups * 128) {
    give_registers<producer_registers>();
    if (threadIdx.x == warpgroups * 128) produce(work, shared, query_bytes, ring, control, tiles);
  } else {
    take_registers<consumer_registers>();
    consume<Bf16, Sample, Blocks>(work, shared, ring, control, tiles);
  }
#endif
}

template <bool Bf16, bool Sample, std::uint32_t Blocks>
void launch_blocks(const ScoreWork& work, cudaStream_t stream) {
  constexpr std::uint32_t most_shared = 224 * 1024;
  constexpr std::uint32_t query_bytes = in_registers(Blocks) ? 0 : block_rows * Blocks * block_row_bytes;
  constexpr std::uint32_t tile_bytes = key_tile * Blocks * block_row_bytes;
  constexpr std::uint32_t fitting = (most_shared - query_bytes) / tile_bytes;
  constexpr std::uint32_t stages = fitting < most_stages ? fitting : most_stages;
  constexpr std::uint32_t bytes = query_bytes + stages * tile_bytes;
  cudaFuncSetAttribute(score<Bf16, Sample, Blocks>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       static_cast<int>(bytes));
  score<Bf16, Sample, Blocks><<<work.rows / block_rows, threads, bytes, stream>>>(work, query_bytes, stages);
}

template <bool Bf16, bool Sample>
void launch(const ScoreWork& work, cudaStream_t stream) {
  switch (work.blocks) {
    case 1: return launch_blocks<Bf16, Sample, 1>(work, stream);
    case 2: return launch_blocks<Bf16, Sample, 2>(work, stream);
    case 3: return launch_blocks<Bf16, Sample, 3>(work, stream);
    default: return launch_blocks<Bf16, Sample, 4>(work, stream);
  }
}

}  // namespace

void score_hopper(const ScoreWork& work, cudaStream_t stream) {
  const bool sample = work.maxima != nullptr;
  if (work.bf16) {
    sample ? launch<true, true>(work, stream) : launch<true, false>(work, stream);
  } else {
    sample ? launch<false, true>(work, stream) : launch<false, false>(work, stream);
  }
}

}  // namespace rattan::cuda
