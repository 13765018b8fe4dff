// Where and how a result was measured, as fields of its record and as a sentence.
#pragma once

#include <string>
#include <string_view>

#include "bench/measure/run_record.h"
#include "bench/report/record.h"

namespace rattan::bench {

// `field` takes a name and a reference, to write the value or to read it.
template <typename Fields, typename AnyRun>
void visit_run(Fields&& field, AnyRun& run) {
  field("isa", run.isa);
  field("blas", run.blas);
  field("cpu", run.cpu);
  field("llc_bytes", run.llc_bytes);
  field("threads", run.threads);
  field("commit", run.commit);
  field("version", run.version);
  field("seed", run.seed);
}

Record to_record(const RunRecord& run);

// "CPU ..., kernels ..., BLAS ..., threads 2 (timed steps on one), commit ..., version ..., seed 1."
// steps: what they ran on.
std::string describe(const RunRecord& run, std::string_view steps = "one");

}  // namespace rattan::bench
