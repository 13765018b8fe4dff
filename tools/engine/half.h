// Floats to halves, to the nearest, ties to even. The way back is widen of kernels.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

uint16_t to_half(float value);  // finite; what is too large becomes infinity
void to_halves(uint16_t* to, const float* from, size_t count);
