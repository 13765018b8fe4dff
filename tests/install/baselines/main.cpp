// The smallest user of an installed Rattan's baselines: every one that the build can make finds a key.
#include <rattan/baselines.h>

#include <vector>

int main() {
  std::vector<float> numbers(64 * 16);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 7919 % 101) - 50.0F;
  const rattan::MatrixView keys(numbers.data(), rattan::DType::f32, 64, 16);
  rattan::SearchParams params;
  params.k = 1;
  params.beam_width = params.probes = 64;
  for (const std::string& kind : rattan::available_baselines()) {
    const auto index =
        kind == "ivf" ? rattan::build_ivf(keys, rattan::Metric::l2) : rattan::build_hnsw(keys, rattan::Metric::l2);
    if (index->kind() != kind || index->search(keys.slice(5, 1), params).ids(0)[0] != 5) return 1;
  }
  return 0;
}
