#include "datasets/synthetic_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/random.h"

namespace rattan::datasets {
namespace {

// Norms are for dim 128 and grow with sqrt(dim). Figures of the query side are those of trained 8B models
// (datasets/README.md section 4); the rest was fitted to the statistics listed in synthetic.h.
constexpr double query_norm = 13;
constexpr double concentration = 0.9;   // |mean query| / rms norm
constexpr double strong_energy = 0.56;  // shares of the mean query's energy
constexpr double local_energy = 0.26;
constexpr double content_energy = 0.18;
constexpr double strong_falloff = 0.7;     // energy of each strong pair relative to the one before
constexpr double opposite_key_norm = 4.2;  // of the mean key along the negated mean query
constexpr double outlier_norm = 2.0;       // of each outlier channel's constant
constexpr std::size_t outliers = 3;
constexpr double local_key_norm = 5;       // of the mean key in the slowest local pair
constexpr double content_key_norm = 17.5;  // at sharpness 1
constexpr double own_key_norm = 5;
constexpr double key_noise = 0.3;             // per dim
constexpr double strong_key_noise = 0.1;      // per dim, at gap 1
constexpr double query_content_share = 0.85;  // of the energy around the mean query; the rest is spread over all dims

enum Stream : std::uint64_t {
  role_stream = 1,
  amplitude_stream,
  phase_stream,
  kinship_stream,
  turn_stream,
  outlier_stream,
  key_profile_stream,
  query_profile_stream
};

void scale_to(std::vector<float>& x, double wanted) {
  const double length = std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
  if (length == 0) return;
  for (float& v : x) v = static_cast<float>(v * wanted / length);
}

// Both dims of each pair.
std::vector<std::size_t> dims_of(const std::vector<std::size_t>& pairs, std::size_t dim) {
  std::vector<std::size_t> dims = pairs;
  for (const std::size_t pair : pairs) dims.push_back(pair + dim / 2);
  return dims;
}

class Drawing {
 public:
  Drawing(const SyntheticParams& params, std::uint64_t seed)
      : params_(params),
        seed_(seed),
        pairs_(params.dim / 2),
        unit_(std::sqrt(static_cast<double>(params.dim) / 128)),
        roles_(draw_pair_roles(params.dim, random_stream(seed, role_stream))) {}

  HeadGeometry draw() {
    geometry_.content_dims = dims_of(roles_.content, params_.dim);
    geometry_.own_dims = dims_of(roles_.own, params_.dim);
    const std::vector<float> shared = shared_mean();
    draw_mean_queries(shared);
    draw_mean_key(shared);
    draw_spreads();
    return std::move(geometry_);
  }

 private:
  std::uint64_t stream(Stream name) const { return random_stream(seed_, name); }

  // The slower a local pair, the longer the window that it favours.
  double slowness(std::size_t i) const { return static_cast<double>(i + 1) / static_cast<double>(roles_.local.size()); }

  // What the mean queries of all heads have in common: energy by role, random phases.
  std::vector<float> shared_mean() const {
    std::vector<double> energy(pairs_);
    const auto share = [&](const std::vector<std::size_t>& members, double total, const auto& weight) {
      double sum = 0;
      for (std::size_t i = 0; i < members.size(); ++i) sum += weight(i);
      for (std::size_t i = 0; i < members.size(); ++i) energy[members[i]] += total * weight(i) / sum;
    };
    const auto uneven = [&](std::size_t i) { return std::exp(0.6 * random_normal(stream(amplitude_stream), i)); };
    share(roles_.strong, strong_energy, [](std::size_t i) { return std::pow(strong_falloff, i); });
    share(roles_.content, content_energy, uneven);
    share(roles_.local, local_energy, [&](std::size_t i) { return slowness(i) * slowness(i) * uneven(pairs_ + i); });

    std::vector<float> shared(params_.dim);
    for (std::size_t j = 0; j < pairs_; ++j) {
      const double angle = 2 * std::numbers::pi * random_uniform(stream(phase_stream), j);
      shared[j] = static_cast<float>(std::sqrt(energy[j]) * std::cos(angle));
      shared[j + pairs_] = static_cast<float>(std::sqrt(energy[j]) * std::sin(angle));
    }
    return shared;
  }

  // Each query head's mean is the shared one, turned: pairwise cosines of 0.5 to 0.95. The turn is a quarter revolution
  // of every pair, so that it is orthogonal to the shared mean whatever the amplitudes.
  void draw_mean_queries(const std::vector<float>& shared) {
    const double kinship = 0.6 + 0.35 * random_uniform(stream(kinship_stream), 0);
    const double kept = std::sqrt(kinship), turned = std::sqrt(1 - kinship);
    geometry_.mean_queries.assign(params_.group, std::vector<float>(params_.dim));
    for (std::size_t h = 0; h < params_.group; ++h) {
      const std::uint64_t sides = random_stream(stream(turn_stream), h);
      std::vector<float>& mean = geometry_.mean_queries[h];
      for (std::size_t j = 0; j < pairs_; ++j) {
        const double side = (random_bits(sides, j) & 1U) != 0 ? turned : -turned;
        mean[j] = static_cast<float>(kept * shared[j] - side * shared[j + pairs_]);
        mean[j + pairs_] = static_cast<float>(kept * shared[j + pairs_] + side * shared[j]);
      }
      scale_to(mean, unit_ * query_norm * concentration);
    }
  }

  void draw_mean_key(const std::vector<float>& shared) {
    std::vector<float>& mean = geometry_.mean_key;
    mean.assign(params_.dim, 0.0F);
    for (const auto* slow : {&roles_.strong, &roles_.content}) {
      for (const std::size_t dim : dims_of(*slow, params_.dim)) mean[dim] = -shared[dim];
    }
    scale_to(mean, unit_ * opposite_key_norm);
    for (std::size_t i = 0; i < roles_.local.size(); ++i) {
      const std::size_t j = roles_.local[i];
      const double gain = unit_ * local_key_norm * slowness(i) / std::hypot(shared[j], shared[j + pairs_]);
      mean[j] = static_cast<float>(gain * shared[j]);
      mean[j + pairs_] = static_cast<float>(gain * shared[j + pairs_]);
    }
    const std::size_t contents = geometry_.content_dims.size();
    for (std::size_t i = 0; i < std::min(outliers, contents); ++i) {
      const std::size_t dim = geometry_.content_dims[random_below(stream(outlier_stream), 2 * i, contents)];
      const double sign = (random_bits(stream(outlier_stream), 2 * i + 1) & 1U) != 0 ? 1 : -1;
      mean[dim] += static_cast<float>(sign * unit_ * outlier_norm);
    }
  }

  // One gain per content dim, of rms `wanted`. Slower pairs carry more: they agree over longer distances.
  std::vector<float> profile(std::uint64_t random, double spread, double power, double wanted) const {
    const auto half = static_cast<double>(pairs_) / 2;
    std::vector<float> gains;
    for (std::size_t i = 0; i < geometry_.content_dims.size(); ++i) {
      const double ramp = (static_cast<double>(geometry_.content_dims[i] % pairs_) - half + 2) / (half + 1);
      gains.push_back(static_cast<float>(std::exp(spread * random_normal(random, i)) * std::pow(ramp, power)));
    }
    scale_to(gains, wanted * std::sqrt(static_cast<double>(gains.size())));
    return gains;
  }

  void draw_spreads() {
    const double sharp = std::sqrt(params_.sharpness);
    const double around = unit_ * query_norm * std::sqrt(1 - concentration * concentration);
    geometry_.key_profile = profile(stream(key_profile_stream), 0.5, 1.0, unit_ * content_key_norm * sharp);
    for (std::size_t h = 0; h < params_.group; ++h) {
      const std::uint64_t random = random_stream(stream(query_profile_stream), h);
      geometry_.query_profiles.push_back(profile(random, 0.35, 0.5, around * std::sqrt(query_content_share) * sharp));
    }
    geometry_.query_noise = around * std::sqrt((1 - query_content_share) / static_cast<double>(params_.dim));
    geometry_.own_gain = unit_ * own_key_norm;
    geometry_.key_noise.assign(params_.dim, static_cast<float>(unit_ * key_noise));
    for (const std::size_t dim : dims_of(roles_.strong, params_.dim)) {
      geometry_.key_noise[dim] = static_cast<float>(unit_ * strong_key_noise / params_.gap);
    }
  }

  const SyntheticParams& params_;
  std::uint64_t seed_;
  std::size_t pairs_;
  double unit_;
  PairRoles roles_;
  HeadGeometry geometry_;
};

}  // namespace

PairRoles draw_pair_roles(std::size_t dim, std::uint64_t seed) {
  const std::size_t pairs = dim / 2;
  const std::size_t strong_count = std::clamp<std::size_t>(pairs / 16, 1, 4);
  const std::size_t candidates = std::min(pairs, std::max<std::size_t>(2 * strong_count, pairs / 8));

  std::vector<std::size_t> slowest;
  for (std::size_t i = 0; i < candidates; ++i) slowest.push_back(pairs - 1 - i);
  for (std::size_t i = 0; i < strong_count; ++i) {
    std::swap(slowest[i], slowest[i + random_below(seed, i, candidates - i)]);
  }

  PairRoles roles;
  roles.strong.assign(slowest.begin(), slowest.begin() + static_cast<std::ptrdiff_t>(strong_count));
  for (std::size_t j = pairs / 2; j < pairs; ++j) {
    if (std::find(roles.strong.begin(), roles.strong.end(), j) == roles.strong.end()) roles.content.push_back(j);
  }
  if (roles.content.empty()) roles.content = roles.strong;
  for (std::size_t j = pairs / 8; j < pairs / 2; ++j) roles.local.push_back(j);
  for (std::size_t j = pairs / 8; j < pairs / 2 + pairs / 8; ++j) roles.own.push_back(j);
  return roles;
}

HeadGeometry draw_geometry(const SyntheticParams& params, std::uint64_t seed) { return Drawing(params, seed).draw(); }

}  // namespace rattan::datasets
