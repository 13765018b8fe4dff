// Kernels for AVX2 with FMA.
#define LANES 8
#define BLOCK_ROWS 2
#define KERNELS kernels_avx2
#include "kernels_body.h"
