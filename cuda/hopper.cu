// queries x keys on Hopper: one producer warp streams key tiles through a ring in shared memory by bulk copies, three
// warpgroups multiply 64 query rows each with a tile (wgmma, both operands in shared memory) and select from their
// accumulators. While one warpgroup selects, the tensor cores work for the others.
#include "select.cuh"

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

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

__device__ std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ void barrier_init(unsigned long long* barrier, std::uint32_t arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals));
}

__device__ void barrier_arrive(unsigned long long* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

__device__ void barrier_wait(unsigned long long* barrier, std::uint32_t parity) {
  asm volatile(
      "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@!done bra again;\n}\n" ::
          "r"(shared_address(barrier)),
      "r"(parity)
      : "memory");
}

__device__ void copy_tile(void* to, const void* from, std::uint32_t bytes, unsigned long long* barrier) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   shared_address(to)),
               "l"(from), "r"(bytes), "r"(shared_address(barrier))
               : "memory");
}

// K-major operand with the 128-byte swizzle: 8 rows of 128 bytes, then the next 8 rows 1,024 bytes on.
__device__ std::uint64_t operand(const void* tile) {
  constexpr std::uint64_t swizzle_128 = std::uint64_t{1} << 62;
  constexpr std::uint64_t stride_1024 = std::uint64_t{64} << 32;
  constexpr std::uint64_t leading = std::uint64_t{1} << 16;
  return swizzle_128 | stride_1024 | leading | ((shared_address(tile) & 0x3ffffU) >> 4);
}

#define RATTAN_R8(a, i)                                                                                       \
  "+f"(a[i]), "+f"(a[i + 1]), "+f"(a[i + 2]), "+f"(a[i + 3]), "+f"(a[i + 4]), "+f"(a[i + 5]), "+f"(a[i + 6]), \
      "+f"(a[i + 7])
#define RATTAN_WGMMA(type)                                                                                           \
  asm volatile(                                                                                                      \
      "{\n.reg .pred keep;\nsetp.ne.b32 keep, %66, 0;\n"                                                             \
      "wgmma.mma_async.sync.aligned.m64n128k16.f32." type "." type                                                   \
      " {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28," \
      "%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55," \
      "%56,%57,%58,%59,%60,%61,%62,%63}, %64, %65, keep, 1, 1, 0, 0;\n}\n"                                           \
      : RATTAN_R8(sum, 0), RATTAN_R8(sum, 8), RATTAN_R8(sum, 16), RATTAN_R8(sum, 24), RATTAN_R8(sum, 32),            \
        RATTAN_R8(sum, 40), RATTAN_R8(sum, 48), RATTAN_R8(sum, 56)                                                   \
      : "l"(a), "l"(b), "r"(keep_sum))

// sum[64] (+)= 64 rows x 128 keys over 16 columns.
template <bool Bf16>
__device__ __forceinline__ void multiply(float (&sum)[64], std::uint64_t a, std::uint64_t b, std::uint32_t keep_sum) {
  if constexpr (Bf16) {
    RATTAN_WGMMA("bf16");
  } else {
    RATTAN_WGMMA("f16");
  }
}

__device__ void produce(const ScoreWork& work, std::uint8_t* query_rows, std::uint8_t* ring, Control& control,
                        std::uint32_t tiles, std::uint32_t stages) {
  const std::uint32_t query_bytes = block_rows * work.blocks * block_row_bytes;
  const std::uint32_t tile_bytes = key_tile * work.blocks * block_row_bytes;
  copy_tile(query_rows, work.queries + std::size_t{blockIdx.x} * query_bytes, query_bytes, &control.queries);
  std::uint32_t stage = 0;
  std::uint32_t parity = 1;
  for (std::uint32_t tile = 0; tile < tiles; ++tile) {
    barrier_wait(&control.empty[stage], parity);
    copy_tile(ring + stage * tile_bytes, work.keys + std::size_t{tile} * tile_bytes, tile_bytes, &control.full[stage]);
    if (++stage == stages) {
      stage = 0;
      parity ^= 1;
    }
  }
}

template <bool Bf16, bool Sample, std::uint32_t Blocks>
__device__ void consume(const ScoreWork& work, const std::uint8_t* query_rows, const std::uint8_t* ring,
                        Control& control, std::uint32_t tiles, std::uint32_t stages) {
  const int group = static_cast<int>(threadIdx.x) / 128;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int first_row = static_cast<int>(threadIdx.x) / 32 * 16;
  const std::uint32_t tile_bytes = key_tile * Blocks * block_row_bytes;
  LaneRows rows = lane_rows(work, blockIdx.x * block_rows + first_row, lane % 4, lane);
  const std::uint64_t queries = operand(query_rows + group * query_tile * work.blocks * block_row_bytes);
  const std::uint64_t keys = operand(ring);

  barrier_wait(&control.queries, 0);
  std::uint32_t stage = 0;
  std::uint32_t parity = 0;
  for (std::uint32_t tile = 0; tile < tiles; ++tile) {
    float sum[64];
    barrier_wait(&control.full[stage], parity);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (std::uint32_t block = 0; block < Blocks; ++block) {
      const std::uint64_t a = queries + block * (query_tile * block_row_bytes / 16);
      const std::uint64_t b = keys + (stage * tile_bytes + block * key_tile * block_row_bytes) / 16;
#pragma unroll
      for (int step = 0; step < 4; ++step) multiply<Bf16>(sum, a + 2 * step, b + 2 * step, block + step != 0);
    }
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    if (lane == 0) barrier_arrive(&control.empty[stage]);
    if (++stage == stages) {
      stage = 0;
      parity ^= 1;
    }
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      select_fragment<Sample>(work, rows, sum + 16 * part, tile * key_tile + 32 * part, lane);
    }
  }
  if (!Sample) write_found(work, rows, lane % 4);
}

#endif

template <bool Bf16, bool Sample, std::uint32_t Blocks>
__global__ void __launch_bounds__(threads, 1) score(const __grid_constant__ ScoreWork work, std::uint32_t stages) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  extern __shared__ __align__(1024) std::uint8_t shared[];
  __shared__ Control control;
  std::uint8_t* ring = shared + block_rows * work.blocks * block_row_bytes;
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
  if (threadIdx.x < warpgroups * 128) {
    consume<Bf16, Sample, Blocks>(work, shared, ring, control, tiles, stages);
  } else if (threadIdx.x == warpgroups * 128) {
    produce(work, shared, ring, control, tiles, stages);
  }
#endif
}

template <bool Bf16, bool Sample, std::uint32_t Blocks>
void launch_blocks(const ScoreWork& work, cudaStream_t stream) {
  constexpr std::uint32_t most_shared = 224 * 1024;
  const std::uint32_t query_bytes = block_rows * work.blocks * block_row_bytes;
  const std::uint32_t tile_bytes = key_tile * work.blocks * block_row_bytes;
  const std::uint32_t stages = min(std::uint32_t{most_stages}, (most_shared - query_bytes) / tile_bytes);
  const std::uint32_t bytes = query_bytes + stages * tile_bytes;
  cudaFuncSetAttribute(score<Bf16, Sample, Blocks>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                       static_cast<int>(bytes));
  score<Bf16, Sample, Blocks><<<work.rows / block_rows, threads, bytes, stream>>>(work, stages);
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
