// What every result row says about where it was measured.
#pragma once

#include <cstdint>
#include <string>

namespace rattan::bench {

struct Environment {
  std::string cpu;              // model name, "unknown" where the system does not say
  std::string isa;              // kernel set in use: "scalar", "avx2", "avx512", "avx512bf16", "avx512amx"
  std::string blas;             // core the linked OpenBLAS runs on, or "none"
  std::string commit;           // git describe at configuration, "unknown" outside a repository
  std::uint64_t llc_bytes = 0;  // last-level cache; 0 where unknown
};

const Environment& environment();

}  // namespace rattan::bench
