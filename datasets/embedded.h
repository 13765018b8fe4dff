// The data set inside the program: one KV head of a real model, long enough that an index pays (datasets/README.md,
// section 3: provenance, form).
#pragma once

#include <cstddef>
#include <span>

#include "datasets/kv_group.h"

namespace rattan::datasets {

// The file as it lies in the source tree. It is part of the program's image: no file is opened.
std::span<const std::byte> embedded_file() noexcept;

// Its KV head, in bf16: 26,624 keys of the prefill and those of 128 decoded tokens, six query heads, no values.
KvGroup embedded_group();

}  // namespace rattan::datasets
