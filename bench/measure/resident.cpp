#include "bench/measure/resident.h"

#include <cstring>

#include "bench/measure/interrupt.h"
#include "bench/measure/latency.h"

namespace rattan::bench {

SharedMatrix copy_matrix(const SharedMatrix& matrix) {
  const MatrixView& from = matrix.view;
  const std::size_t row_bytes = from.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(from.rows * row_bytes);
  for (std::size_t i = 0; i < from.rows; ++i) std::memcpy(bytes->data() + i * row_bytes, from.row(i), row_bytes);
  return {MatrixView(bytes->data(), from.dtype, from.rows, from.cols), bytes};
}

std::unique_ptr<Index> copy_index(const Index& index, SharedMatrix keys, const std::filesystem::path& folder) {
  if (index.kind() == "flat") return build_flat(std::move(keys), index.metric());
  const std::filesystem::path file = folder / "resident.rattan";
  index.save(file);
  std::unique_ptr<Index> copy = open_index(file, std::move(keys));
  std::filesystem::remove(file);
  return copy;
}

std::vector<std::vector<double>> time_cycles(const std::vector<CycleJob>& jobs, std::size_t rounds,
                                             const std::function<void()>& before_round) {
  CacheSweeper sweeper;
  std::vector<std::vector<StepSearch>> searches(jobs.size());
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    for (const Resident& resident : jobs[j])
      searches[j].emplace_back(*resident.index, *resident.problem, resident.setup);
  }
  std::vector<std::vector<double>> times(jobs.size());
  std::size_t done = 0;
  for (std::size_t round = 0; round <= rounds && !ends_after(done); done = round++) {
    before_round();
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      sweeper.sweep();
      for (std::size_t r = 0; r < jobs[j].size(); ++r) {
        const std::size_t steps = jobs[j][r].problem->steps;
        double seconds = 0;
        searches[j][r].run((r * steps / jobs[j].size() + round) % steps, &seconds);
        if (round > 0) times[j].push_back(1e6 * seconds);
      }
    }
  }
  return times;
}

}  // namespace rattan::bench
