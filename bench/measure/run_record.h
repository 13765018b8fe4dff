// Where and how a result was measured: every record of every command says it.
#pragma once

#include <cstdint>
#include <string>

namespace rattan::bench {

struct RunRecord {
  std::string isa = {};         // kernel set in use: "scalar", "avx2", "avx512", "avx512bf16", "avx512amx"
  std::string blas = {};        // core the linked OpenBLAS runs on, or "none"
  std::string cpu = {};         // model name, "unknown" where the system does not say
  std::uint64_t llc_bytes = 0;  // last-level cache; 0 where unknown
  std::uint64_t threads = 1;    // of builds and untimed searches; timed steps run on one
  std::string commit = {};      // git describe at configuration, "unknown" outside a repository
  std::string version = {};     // of the library
  std::uint64_t seed = 0;       // of every random choice of a build
};

// What the machine and this program are, with what the caller says of its run.
RunRecord run_record(std::uint64_t threads = 1, std::uint64_t seed = 0);

}  // namespace rattan::bench
