#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/median.h"
#include "datasets/synthetic.h"
#include "datasets/synthetic_head.h"
#include "tests/support/reference.h"

namespace rattan::datasets {
namespace {

// Mass of the first four keys, the median over queries of every head from the second half of the prefill.
double median_sink_mass(const KvGroup& group) {
  std::vector<double> masses;
  for (const SharedMatrix& queries : group.prefill_queries) {
    for (std::size_t i = queries.view.rows / 2; i < queries.view.rows; i += queries.view.rows / 24) {
      const auto visible = static_cast<std::size_t>(group.prefill_positions[i]) + 1;
      const auto weights =
          test::reference_softmax(queries.view, i, group.keys.view, test::all_ids(visible), group.softmax_scale);
      masses.push_back(std::accumulate(weights.begin(), weights.begin() + 4, 0.0));
    }
  }
  return upper_median(masses);
}

TEST(SyntheticSinks, FourKeysHoldAboutAThirdWhateverTheDials) {
  for (const char* spec : {"n=4096,decode=0,heads=1", "n=4096,decode=0,heads=1,seed=2,sharpness=2",
                           "n=4096,decode=0,heads=1,seed=3,sharpness=0.5,gap=2", "n=2048,d=64,group=8,decode=0,heads=1",
                           "n=4096,decode=0,heads=1,group=1"}) {
    const double mass = median_sink_mass(make_synthetic(parse_synthetic(spec), 0));
    EXPECT_GT(mass, 0.15) << spec;
    EXPECT_LT(mass, 0.5) << spec;
  }
}

TEST(SyntheticSinks, OneSinkIsTheLargest) {
  const KvGroup group = make_synthetic(parse_synthetic("n=2048,decode=16,heads=1"), 0);
  const auto weights = test::reference_softmax(group.decode_queries[0].view, 0, group.keys.view, test::all_ids(2048),
                                               group.softmax_scale);
  EXPECT_EQ(std::max_element(weights.begin(), weights.begin() + 4), weights.begin());
}

TEST(SyntheticSinks, ShortContextsHaveNone) {
  SyntheticParams params;
  params.keys = 63;
  params.decode = 0;
  std::vector<float> with(128), without(128);
  SyntheticHead(params, 0, serial_executor()).key(0, without.data());
  params.keys = 64;
  SyntheticHead(params, 0, serial_executor()).key(0, with.data());
  EXPECT_NE(with, without);
  params.keys = 63;
  params.decode = 1;
  std::vector<float> again(128);
  SyntheticHead(params, 0, serial_executor()).key(0, again.data());
  EXPECT_EQ(again, without);
}

}  // namespace
}  // namespace rattan::datasets
