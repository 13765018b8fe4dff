#include "kernels.h"

extern const struct kernels kernels_base;

#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;

const struct kernels* kernels_at(size_t index) {
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (index == 0) return &kernels_base;
  if (index == 1 && avx2) return &kernels_avx2;
  return index == 2 && avx512 ? &kernels_avx512 : NULL;
}
#else
const struct kernels* kernels_at(size_t index) { return index == 0 ? &kernels_base : NULL; }
#endif

const struct kernels* best_kernels(void) {
  const struct kernels* best = kernels_at(0);
  for (size_t i = 1; kernels_at(i) != NULL; ++i) best = kernels_at(i);
  return best;
}
