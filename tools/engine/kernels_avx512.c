// Kernels for AVX-512.
#define LANES 16
#define BLOCK_ROWS 8
#define KERNELS kernels_avx512
#include "kernels_body.h"
