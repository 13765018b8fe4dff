#include "bench/report/run_fields.h"

#include "core/check.h"

namespace rattan::bench {

Record to_record(const RunRecord& run) {
  Record record;
  visit_run([&](const char* name, const auto& value) { record.push_back({name, value}); }, run);
  return record;
}

std::string describe(const RunRecord& run, std::string_view steps) {
  return message("CPU ", run.cpu, ", kernels ", run.isa, ", BLAS ", run.blas, ", threads ", run.threads,
                 " (timed steps on ", steps, "), commit ", run.commit, ", version ", run.version, ", seed ", run.seed,
                 ".");
}

}  // namespace rattan::bench
