// A program may name a function as it likes: Rattan must not call it instead of FAISS's, whose k-means normalises
// centroids by a function of just this name.
#include <cstddef>
#include <cstdio>
#include <vector>

#include "rattan/baselines.h"

namespace faiss {

int calls = 0;

void fvec_renorm_L2(std::size_t, std::size_t, float*);
void fvec_renorm_L2(std::size_t, std::size_t, float*) { ++calls; }

}  // namespace faiss

int main() {
  std::vector<float> numbers(64 * 16);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 7919 % 101) - 50.0F;
  rattan::IvfBuildParams params;
  params.spherical = true;
  for (const std::string& kind : rattan::available_baselines()) {
    if (kind == "ivf") rattan::build_ivf({{numbers.data(), rattan::DType::f32, 64, 16}}, {}, params);
  }
  try {
    params.iterations = 0;
    rattan::build_ivf({{numbers.data(), rattan::DType::f32, 64, 16}}, {}, params);
    return 1;
  } catch (const rattan::Error& error) {  // thrown in one library, caught outside of it
    std::printf("%s\n%d calls\n", error.what(), faiss::calls);
  }
  return faiss::calls;
}
