// Kernels for the build's baseline.
#define LANES 4
#define BLOCK_ROWS 1
#define KERNELS kernels_base
#include "kernels_body.h"
