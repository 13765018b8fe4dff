// What a user may choose, by environment variables RATTAN_LLAMA_*: the README's table has them all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "rattan/context.h"

namespace rattan::llama {

struct Settings {
  bool enabled = true;               // ENABLED: 0 leaves everything to ggml
  std::size_t first_tokens = 4096;   // FROM: sequences of fewer tokens get full attention
  std::size_t most_rows = 8;         // ROWS: batches of more rows are prefill, and get full attention
  std::size_t evidence_rows = 4096;  // QUERIES: prefill queries a layer and query head that are kept, at most
  std::size_t most_sequences = 16;   // SEQUENCES: that are remembered at once
  bool statistics = false;           // STATS: a line on stderr when a context ends
  ContextParams context;  // BACKGROUND, BUILD_THREADS, KIND, K, EPSILON, ESTIMATE, SINKS, RECENT, CLUSTERS, RECALL
  void validate() const;
};

// The value of an environment variable; null: not set.
using Lookup = std::function<const char*(const char* name)>;

// Throws Error(invalid_argument) that names the variable, its value and what is allowed.
Settings read_settings(const Lookup& lookup);

// From the environment of the process.
Settings environment_settings();

}  // namespace rattan::llama
