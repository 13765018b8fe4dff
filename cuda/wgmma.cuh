// Hopper's instructions: bulk copies and their barriers, and wgmma of 64 rows x 64 keys x 16 columns.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace rattan::cuda {

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

__device__ inline std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ inline void barrier_init(unsigned long long* barrier, std::uint32_t arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals));
}

__device__ inline void barrier_arrive(unsigned long long* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

__device__ inline void barrier_wait(unsigned long long* barrier, std::uint32_t parity) {
  asm volatile(
      "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@!done bra again;\n}\n" ::
          "r"(shared_address(barrier)),
      "r"(parity)
      : "memory");
}

__device__ inline void copy_tile(void* to, const void* from, std::uint32_t bytes, unsigned long long* barrier) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   shared_address(to)),
               "l"(from), "r"(bytes), "r"(shared_address(barrier))
               : "memory");
}

// K-major operand with the 128-byte swizzle: 8 rows of 128 bytes, then the next 8 rows 1,024 bytes on.
__device__ inline std::uint64_t operand(const void* tile) {
  constexpr std::uint64_t swizzle_128 = std::uint64_t{1} << 62;
  constexpr std::uint64_t stride_1024 = std::uint64_t{64} << 32;
  constexpr std::uint64_t leading = std::uint64_t{1} << 16;
  return swizzle_128 | stride_1024 | leading | ((shared_address(tile) & 0x3ffffU) >> 4);
}

#define RATTAN_R8(a, i)                                                                                       \
  "+f"(a[i]), "+f"(a[i + 1]), "+f"(a[i + 2]), "+f"(a[i + 3]), "+f"(a[i + 4]), "+f"(a[i + 5]), "+f"(a[i + 6]), \
      "+f"(a[i + 7])
#define RATTAN_SUM RATTAN_R8(sum, 0), RATTAN_R8(sum, 8), RATTAN_R8(sum, 16), RATTAN_R8(sum, 24)
#define RATTAN_WGMMA(type, keep, a, b, transposed)                                                           \
  "{\n.reg .pred keep;\nsetp.ne.b32 keep, " keep                                                             \
  ", 0;\n"                                                                                                   \
  "wgmma.mma_async.sync.aligned.m64n64k16.f32." type "." type                                                \
  " {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27," \
  "%28,%29,%30,%31}, " a ", " b ", keep, 1, 1, " transposed ";\n}\n"

// sum (+)= 64 rows x 64 keys over 16 columns; both operands in shared memory.
template <bool Bf16>
__device__ __forceinline__ void multiply(float (&sum)[32], std::uint64_t a, std::uint64_t b, std::uint32_t keep_sum) {
  if constexpr (Bf16) {
    asm volatile(RATTAN_WGMMA("bf16", "%34", "%32", "%33", "0, 0") : RATTAN_SUM : "l"(a), "l"(b), "r"(keep_sum));
  } else {
    asm volatile(RATTAN_WGMMA("f16", "%34", "%32", "%33", "0, 0") : RATTAN_SUM : "l"(a), "l"(b), "r"(keep_sum));
  }
}

// The same with the rows' columns in registers, as mma.m16n8k16 has them.
template <bool Bf16>
__device__ __forceinline__ void multiply(float (&sum)[32], const std::uint32_t (&a)[4], std::uint64_t b,
                                         std::uint32_t keep_sum) {
  if constexpr (Bf16) {
    asm volatile(RATTAN_WGMMA("bf16", "%37", "{%32,%33,%34,%35}", "%36", "0")
                 : RATTAN_SUM
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(keep_sum));
  } else {
    asm volatile(RATTAN_WGMMA("f16", "%37", "{%32,%33,%34,%35}", "%36", "0")
                 : RATTAN_SUM
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(keep_sum));
  }
}

__device__ __forceinline__ void multiply_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void multiply_end() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// All products but the `Behind` last ones are done; `sum` must not be read before.
template <int Behind>
__device__ __forceinline__ void multiply_wait(float (&sum)[32]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Behind) : "memory");
  asm volatile("" : RATTAN_SUM::"memory");
}

template <int Registers>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
}
template <int Registers>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
}

#undef RATTAN_WGMMA
#undef RATTAN_SUM
#undef RATTAN_R8

#endif

}  // namespace rattan::cuda
