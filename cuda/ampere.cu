// queries x keys with mma.sync (compute capability 8.0 and above): 128 query rows and 64 keys a step, a ring of key
// tiles filled by cp.async. Eight warps, four over the rows and two over the keys, each with a 32 x 32 piece.
#include "select.cuh"

namespace rattan::cuda {
namespace {

constexpr int block_rows = 128;
constexpr int step_keys = 64;
constexpr int threads = 256;
constexpr std::uint32_t most_stages = 3;

__device__ std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ void copy_async(std::uint32_t to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

// 64 keys, `step` counted in half tiles; in shared memory a tile of 64 rows.
__device__ void load_keys(const ScoreWork& work, std::uint32_t step, std::uint32_t to) {
  constexpr std::uint32_t half_bytes = step_keys * block_row_bytes;
  const std::uint8_t* tile = work.keys + std::size_t{step / 2} * work.blocks * key_tile * block_row_bytes;
  for (std::uint32_t at = threadIdx.x * 16; at < work.blocks * half_bytes; at += threads * 16) {
    copy_async(to + at, tile + (at / half_bytes * 2 + step % 2) * half_bytes + at % half_bytes);
  }
}

__device__ void load_matrix(std::uint32_t (&to)[4], std::uint32_t from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
}

#define RATTAN_MMA(type)                                                \
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type   \
               ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "           \
               "{%0,%1,%2,%3};"                                         \
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]) \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1))

template <bool Bf16>
__device__ void multiply(float* sum, const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  if constexpr (Bf16) {
    RATTAN_MMA("bf16");
  } else {
    RATTAN_MMA("f16");
  }
}

// Address of (row, 16-byte piece) in a block of rows.
__device__ std::uint32_t piece_address(std::uint32_t block, std::uint32_t row, std::uint32_t piece) {
  return block + row * block_row_bytes + ((piece ^ (row & 7U)) << 4);
}

// sums[fragment][...] = 32 rows x 32 keys.
template <bool Bf16>
__device__ void multiply_step(const ScoreWork& work, std::uint32_t queries, std::uint32_t keys, std::uint32_t row,
                              std::uint32_t column, int lane, float (&sums)[2][16]) {
  for (auto& sum : sums) {
    for (float& value : sum) value = 0;
  }
  const std::uint32_t row_in_tile = row % query_tile;
  const std::uint32_t tile = queries + row / query_tile * work.blocks * query_tile * block_row_bytes;
  for (std::uint32_t block = 0; block < work.blocks; ++block) {
    const std::uint32_t a_block = tile + block * query_tile * block_row_bytes;
    const std::uint32_t b_block = keys + block * step_keys * block_row_bytes;
#pragma unroll
    for (int step = 0; step < 4; ++step) {
      std::uint32_t a[2][4];
      std::uint32_t b[2][4];
      for (int i = 0; i < 2; ++i) {
        load_matrix(a[i], piece_address(a_block, row_in_tile + 16 * i + lane % 16, 2 * step + lane / 16));
        load_matrix(b[i], piece_address(b_block, column + 16 * i + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
      }
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 4; ++j) multiply<Bf16>(sums[i] + 4 * j, a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
      }
    }
  }
}

template <bool Bf16, bool Sample>
__global__ void __launch_bounds__(threads) score(const __grid_constant__ ScoreWork work, std::uint32_t stages) {
  extern __shared__ __align__(128) std::uint8_t shared[];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::uint32_t row = threadIdx.x / 32 % 4 * 32;
  const std::uint32_t column = threadIdx.x / 128 * 32;
  const std::uint32_t first_row = blockIdx.x * block_rows;
  const std::uint32_t query_bytes = block_rows * work.blocks * block_row_bytes;
  const std::uint32_t stage_bytes = step_keys * work.blocks * block_row_bytes;
  const std::uint32_t queries = shared_address(shared);
  const std::uint32_t ring = queries + query_bytes;
  const std::uint32_t seen = (work.counts[first_row] + work.stride - 1) / work.stride;
  const std::uint32_t steps = (seen + step_keys - 1) / step_keys;
  const std::uint32_t part = threadIdx.x / 128 * 4 + lane % 4;
  LaneRows rows[2] = {lane_rows(work, first_row + row, part, lane), lane_rows(work, first_row + row + 16, part, lane)};

  const std::uint8_t* source = work.queries + std::size_t{blockIdx.x} * query_bytes;
  for (std::uint32_t at = threadIdx.x * 16; at < query_bytes; at += threads * 16) copy_async(queries + at, source + at);
  for (std::uint32_t stage = 0; stage + 1 < stages || stage == 0; ++stage) {
    if (stage < steps) load_keys(work, stage, ring + stage * stage_bytes);
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  for (std::uint32_t step = 0; step < steps; ++step) {
    if (stages == 3) {
      asm volatile("cp.async.wait_group 1;" ::: "memory");
    } else {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    __syncthreads();
    const std::uint32_t ahead = step + stages - 1;
    if (stages > 1) {
      if (ahead < steps) load_keys(work, ahead, ring + ahead % stages * stage_bytes);
      asm volatile("cp.async.commit_group;" ::: "memory");
    }
    float sums[2][16];
    multiply_step<Bf16>(work, queries, ring + step % stages * stage_bytes, row, column, lane, sums);
    if (stages == 1) {
      __syncthreads();
      if (step + 1 < steps) load_keys(work, step + 1, ring);
      asm volatile("cp.async.commit_group;" ::: "memory");
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      select<Sample>(work, rows[i], sums[i], step * step_keys + column, lane);
    }
  }
  asm volatile("cp.async.wait_all;" ::: "memory");
  if (!Sample) {
    for (const LaneRows& each : rows) write_found(work, each, part);
  }
}

template <bool Bf16, bool Sample>
void launch(const ScoreWork& work, cudaStream_t stream) {
  constexpr std::uint32_t most_shared = 97 * 1024;  // what every such device grants
  const std::uint32_t query_bytes = block_rows * work.blocks * block_row_bytes;
  const std::uint32_t stage_bytes = step_keys * work.blocks * block_row_bytes;
  const std::uint32_t stages = min(most_stages, (most_shared - query_bytes) / stage_bytes);
  const std::uint32_t bytes = query_bytes + stages * stage_bytes;
  cudaFuncSetAttribute(score<Bf16, Sample>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  score<Bf16, Sample><<<work.rows / block_rows, threads, bytes, stream>>>(work, stages);
}

}  // namespace

void score_ampere(const ScoreWork& work, cudaStream_t stream) {
  const bool sample = work.maxima != nullptr;
  if (work.bf16) {
    sample ? launch<true, true>(work, stream) : launch<true, false>(work, stream);
  } else {
    sample ? launch<false, true>(work, stream) : launch<false, false>(work, stream);
  }
}

}  // namespace rattan::cuda
