#include "datasets/synthetic_geometry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rattan::datasets {
namespace {

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

TEST(SyntheticGeometry, RolesCoverThePairsTheyShould) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const PairRoles roles = draw_pair_roles(128, seed);
    ASSERT_EQ(roles.strong.size(), 4U);
    EXPECT_EQ(roles.content.size(), 28U);
    for (const std::size_t pair : roles.strong) {
      EXPECT_GE(pair, 56U);
      EXPECT_LT(pair, 64U);
      EXPECT_EQ(std::count(roles.strong.begin(), roles.strong.end(), pair), 1);
      EXPECT_EQ(std::count(roles.content.begin(), roles.content.end(), pair), 0);
    }
  }
}

TEST(SyntheticGeometry, RolesOfTinyDims) {
  for (std::size_t dim = 2; dim <= 34; dim += 2) {
    const PairRoles roles = draw_pair_roles(dim, 1);
    EXPECT_FALSE(roles.strong.empty());
    EXPECT_FALSE(roles.content.empty());
    for (const auto* members : {&roles.strong, &roles.content, &roles.local, &roles.own}) {
      for (const std::size_t pair : *members) EXPECT_LT(pair, dim / 2) << dim;
    }
  }
}

// Quantiles over heads of public 8B models: 0.34 / 0.56 / 0.71 of the energy in four pairs.
TEST(SyntheticGeometry, FourSlowPairsHoldHalfOfTheMeanQuerysEnergy) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const HeadGeometry geometry = draw_geometry({}, seed);
    for (const auto& mean : geometry.mean_queries) {
      std::vector<double> energy(64);
      for (std::size_t j = 0; j < 64; ++j) energy[j] = mean[j] * mean[j] + mean[j + 64] * mean[j + 64];
      const auto strongest = std::max_element(energy.begin(), energy.end()) - energy.begin();
      EXPECT_GE(strongest, 32);
      const double all = std::accumulate(energy.begin(), energy.end(), 0.0);
      std::sort(energy.rbegin(), energy.rend());
      const double share = (energy[0] + energy[1] + energy[2] + energy[3]) / all;
      EXPECT_GT(share, 0.5);
      EXPECT_LT(share, 0.65);
      EXPECT_NEAR(std::sqrt(all), 13 * 0.9, 1e-3);
    }
  }
}

TEST(SyntheticGeometry, HeadsOfAGroupAreRelatedAndOpposeTheMeanKey) {
  std::vector<double> between, to_key;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const HeadGeometry geometry = draw_geometry({}, seed);
    for (std::size_t a = 0; a < 4; ++a) {
      to_key.push_back(cosine(geometry.mean_queries[a], geometry.mean_key));
      for (std::size_t b = 0; b < a; ++b) between.push_back(cosine(geometry.mean_queries[a], geometry.mean_queries[b]));
    }
  }
  std::sort(between.begin(), between.end());
  const auto quantile = [&](double share) { return between[static_cast<std::size_t>(share * 239)]; };
  EXPECT_NEAR(quantile(0.05), 0.54, 0.12);
  EXPECT_NEAR(quantile(0.5), 0.82, 0.07);
  EXPECT_NEAR(quantile(0.95), 0.95, 0.04);
  // Local pairs agree with the mean key and turn away with distance; the slow pairs that stay are opposite.
  std::vector<double> slow;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    HeadGeometry geometry = draw_geometry({}, seed);
    for (auto& mean : geometry.mean_queries) {
      for (std::size_t c = 0; c < 128; ++c) {
        if (c % 64 < 32) mean[c] = geometry.mean_key[c] = 0;
      }
      slow.push_back(cosine(mean, geometry.mean_key));
    }
  }
  EXPECT_LT(*std::max_element(slow.begin(), slow.end()), -0.3);
}

TEST(SyntheticGeometry, DialsReachTheGeometry) {
  SyntheticParams params;
  const HeadGeometry plain = draw_geometry(params, 1);
  params.gap = 2;
  const HeadGeometry wide = draw_geometry(params, 1);
  const auto lowest = [](const HeadGeometry& g) { return *std::min_element(g.key_noise.begin(), g.key_noise.end()); };
  EXPECT_FLOAT_EQ(lowest(wide), lowest(plain) / 2);
  EXPECT_EQ(wide.key_profile, plain.key_profile);
  params.gap = 1;
  params.sharpness = 4;
  const HeadGeometry sharp = draw_geometry(params, 1);
  EXPECT_NEAR(sharp.key_profile[0] * sharp.query_profiles[0][0], 4 * plain.key_profile[0] * plain.query_profiles[0][0],
              1e-3);
  EXPECT_EQ(sharp.mean_queries, plain.mean_queries);
}

TEST(SyntheticGeometry, NormsGrowWithTheSquareRootOfTheDim) {
  SyntheticParams params;
  params.dim = 32;
  const HeadGeometry geometry = draw_geometry(params, 1);
  EXPECT_NEAR(std::sqrt(dot(geometry.mean_queries[0], geometry.mean_queries[0])), 13 * 0.9 / 2, 1e-3);
}

}  // namespace
}  // namespace rattan::datasets
