// Matrix products with int8 weights.
#pragma once

#include <stddef.h>

#include "model.h"
#include "threads.h"

// out[rows][outputs] = in[rows][inputs] times the weight.
void linear(struct threads* threads, const struct weight* weight, const float* in, size_t rows, float* out);
