#include "datasets/synthetic_head.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/parallel.h"
#include "datasets/synthetic_random.h"

namespace rattan::datasets {
namespace {

// Norms are for dim 128. Query figures are those of trained 8B models (../shared/data/README.md); the rest was fitted
// to the statistics listed in synthetic.h.
constexpr double query_norm = 13;
constexpr double concentration = 0.9;   // |mean query| / rms norm before RoPE
constexpr double strong_energy = 0.52;  // shares of the mean query's energy
constexpr double local_energy = 0.28;
constexpr double content_energy = 0.20;
constexpr double strong_falloff = 0.7;     // energy of each strong pair relative to the one before
constexpr double opposite_key_norm = 3.6;  // of the mean key along the negated mean query
constexpr double outlier_norm = 2.0;       // of each outlier channel's constant
constexpr std::size_t outliers = 3;
constexpr double local_key_norm = 5;   // of the mean key in each local pair
constexpr double content_key_norm = 19;  // at sharpness 1
constexpr double own_key_norm = 5;
constexpr double key_noise = 0.3;             // per dim
constexpr double strong_key_noise = 0.12;     // per dim, at gap 1
constexpr double query_content_share = 0.85;  // of the energy around the mean query; the rest is spread over all dims

enum Stream : std::uint64_t {
  text_stream = 1,
  role_stream,
  amplitude_stream,
  phase_stream,
  kinship_stream,
  turn_stream,
  outlier_stream,
  key_profile_stream,
  query_profile_stream,
  topic_stream,
  segment_stream,
  word_stream,
  own_topic_stream,
  own_word_stream,
  value_topic_stream,
  value_word_stream,
  key_stream,
  query_stream,
  step_stream,
  drift_stream,
  value_stream
};

struct Mix {
  double topic, segment, word, noise, drift;

  double norm() const {
    return std::sqrt(topic * topic + segment * segment + word * word + noise * noise + drift * drift);
  }
};

constexpr Mix key_mix{0.5, 0.35, 0.6, 0.35, 0};
constexpr Mix own_mix{0.4, 0, 0.7, 0.4, 0};
constexpr Mix query_mix{0.4, 0.35, 0.65, 0.75, 0.3};
constexpr Mix value_mix{0.5, 0, 0.6, 0.6, 0};

constexpr std::size_t noise_step = 4;     // neighbouring queries share half of their noise
constexpr std::size_t drift_step = 8192;  // positions between the anchors of the slow drift

double norm(const std::vector<float>& x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }

void scale_to(std::vector<float>& x, double wanted) {
  const double length = norm(x);
  if (length == 0) return;
  for (float& v : x) v = static_cast<float>(v * wanted / length);
}

// Both dims of each pair.
std::vector<std::size_t> dims_of(const std::vector<std::size_t>& pairs, std::size_t dim) {
  std::vector<std::size_t> dims = pairs;
  for (const std::size_t pair : pairs) dims.push_back(pair + dim / 2);
  return dims;
}

}  // namespace

LatentTable::LatentTable(std::uint64_t seed, std::size_t rows, std::size_t dims) : dims_(dims), values_(rows * dims) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(std::max<std::size_t>(1, dims)));
  for (std::size_t i = 0; i < rows; ++i) fill_normals(seed, i, std::span(values_).subspan(i * dims, dims));
  for (float& x : values_) x *= scale;
}

SyntheticHead::SyntheticHead(const SyntheticParams& params, std::size_t head, Executor& executor)
    : params_(params),
      seed_(random_stream(params.seed, head)),
      unit_(std::sqrt(static_cast<double>(params.dim) / 128)),
      rope_(params.dim),
      text_(random_stream(seed_, text_stream), params.keys + params.decode),
      roles_(draw_pair_roles(params.dim, random_stream(seed_, role_stream))),
      content_dims_(dims_of(roles_.content, params.dim)),
      own_dims_(dims_of(roles_.own, params.dim)) {
  const auto table = [&](Stream stream, std::size_t rows, std::size_t dims) {
    return LatentTable(random_stream(seed_, stream), rows, dims);
  };
  topics_ = table(topic_stream, SyntheticText::topics, content_dims_.size());
  segments_ = table(segment_stream, text_.segments(), content_dims_.size());
  words_ = table(word_stream, SyntheticText::words, content_dims_.size());
  own_topics_ = table(own_topic_stream, SyntheticText::topics, own_dims_.size());
  own_words_ = table(own_word_stream, SyntheticText::words, own_dims_.size());
  value_topics_ = table(value_topic_stream, SyntheticText::topics, params.dim);
  value_words_ = table(value_word_stream, SyntheticText::words, params.dim);
  draw_means();
  draw_profiles();
  place_sinks(executor);
}

// Each query head's mean is the shared one, turned by up to 45 degrees: pairwise cosines of 0.5 to 0.95. A turn is a
// quarter revolution of every pair, so that it is orthogonal to the shared mean whatever the amplitudes.
void SyntheticHead::draw_means() {
  const std::size_t pairs = params_.dim / 2;
  const std::uint64_t amplitudes = random_stream(seed_, amplitude_stream);
  std::vector<double> energy(pairs);
  const auto share = [&](const std::vector<std::size_t>& members, double total, const auto& weight) {
    double sum = 0;
    for (std::size_t i = 0; i < members.size(); ++i) sum += weight(i);
    for (std::size_t i = 0; i < members.size(); ++i) energy[members[i]] += total * weight(i) / sum;
  };
  const auto uneven = [&](std::size_t offset) {
    return [amplitudes, offset](std::size_t i) { return std::exp(0.6 * random_normal(amplitudes, offset + i)); };
  };
  share(roles_.strong, strong_energy, [](std::size_t i) { return std::pow(strong_falloff, static_cast<double>(i)); });
  share(roles_.content, content_energy, uneven(0));
  // The slower a local pair, the longer the window that it favours.
  const auto nearly_slow = [&](std::size_t i) {
    return static_cast<double>(i + 1) / static_cast<double>(roles_.local.size());
  };
  share(roles_.local, local_energy, [&](std::size_t i) { return std::pow(nearly_slow(i), 2) * uneven(pairs)(i); });

  std::vector<float> shared(params_.dim);
  for (std::size_t j = 0; j < pairs; ++j) {
    const double angle = 2 * std::numbers::pi * random_uniform(random_stream(seed_, phase_stream), j);
    shared[j] = static_cast<float>(std::sqrt(energy[j]) * std::cos(angle));
    shared[j + pairs] = static_cast<float>(std::sqrt(energy[j]) * std::sin(angle));
  }

  const double kinship = 0.6 + 0.35 * random_uniform(random_stream(seed_, kinship_stream), 0);
  const double kept = std::sqrt(kinship), turned = std::sqrt(1 - kinship);
  mean_queries_.assign(params_.group, std::vector<float>(params_.dim));
  for (std::size_t h = 0; h < params_.group; ++h) {
    const std::uint64_t turn = random_stream(random_stream(seed_, turn_stream), h);
    for (std::size_t j = 0; j < pairs; ++j) {
      const double side = (random_bits(turn, j) & 1U) != 0 ? turned : -turned;
      mean_queries_[h][j] = static_cast<float>(kept * shared[j] - side * shared[j + pairs]);
      mean_queries_[h][j + pairs] = static_cast<float>(kept * shared[j + pairs] + side * shared[j]);
    }
    scale_to(mean_queries_[h], unit_ * query_norm * concentration);
  }

  mean_key_.assign(params_.dim, 0.0F);
  for (const auto* slow : {&roles_.strong, &roles_.content}) {
    for (const std::size_t dim : dims_of(*slow, params_.dim)) mean_key_[dim] = -shared[dim];
  }
  scale_to(mean_key_, unit_ * opposite_key_norm);
  for (std::size_t i = 0; i < roles_.local.size(); ++i) {
    const std::size_t j = roles_.local[i];
    const double wanted = unit_ * local_key_norm * nearly_slow(i);
    const double gain = wanted / std::hypot(shared[j], shared[j + pairs]);
    mean_key_[j] = static_cast<float>(gain * shared[j]);
    mean_key_[j + pairs] = static_cast<float>(gain * shared[j + pairs]);
  }
  const std::uint64_t outlier = random_stream(seed_, outlier_stream);
  for (std::size_t i = 0; i < std::min(outliers, content_dims_.size()); ++i) {
    const std::size_t dim = content_dims_[random_below(outlier, 2 * i, content_dims_.size())];
    const double sign = (random_bits(outlier, 2 * i + 1) & 1U) != 0 ? 1 : -1;
    mean_key_[dim] += static_cast<float>(sign * unit_ * outlier_norm);
  }
}

// Slower pairs carry more of the content: they agree over longer distances.
void SyntheticHead::draw_profiles() {
  const std::size_t pairs = params_.dim / 2;
  const auto ramp = [&](std::size_t dim) {
    return (static_cast<double>(dim % pairs) - static_cast<double>(pairs) / 2 + 2) /
           (static_cast<double>(pairs) / 2 + 1);
  };
  const auto profile = [&](std::uint64_t stream, double spread, double power, double wanted) {
    std::vector<float> gains(content_dims_.size());
    for (std::size_t i = 0; i < gains.size(); ++i) {
      gains[i] =
          static_cast<float>(std::exp(spread * random_normal(stream, i)) * std::pow(ramp(content_dims_[i]), power));
    }
    scale_to(gains, wanted * std::sqrt(static_cast<double>(gains.size())));
    return gains;
  };
  const double sharp = std::sqrt(params_.sharpness);
  key_profile_ = profile(random_stream(seed_, key_profile_stream), 0.5, 1.0, unit_ * content_key_norm * sharp);
  const double around = unit_ * query_norm * std::sqrt((1 - concentration * concentration) * query_content_share);
  for (std::size_t h = 0; h < params_.group; ++h) {
    const std::uint64_t stream = random_stream(random_stream(seed_, query_profile_stream), h);
    query_profiles_.push_back(profile(stream, 0.35, 0.5, around * sharp));
  }

  key_noise_.assign(params_.dim, static_cast<float>(unit_ * key_noise));
  for (const std::size_t dim : dims_of(roles_.strong, params_.dim)) {
    key_noise_[dim] = static_cast<float>(unit_ * strong_key_noise / params_.gap);
  }
}

void SyntheticHead::ordinary_key(std::size_t position, float* out) const {
  const std::size_t contents = content_dims_.size(), owns = own_dims_.size();
  std::vector<float> normals(params_.dim + contents + owns + 1);
  fill_normals(random_stream(seed_, key_stream), position, normals);
  const float* base = normals.data();
  const float* content = base + params_.dim;
  const float* own = content + contents;
  const double salience = std::exp(0.25 * static_cast<double>(normals.back()));
  const std::uint32_t topic = text_.topic(position), word = text_.word(position);

  for (std::size_t c = 0; c < params_.dim; ++c) out[c] = mean_key_[c] + key_noise_[c] * base[c];
  const float* topic_row = topics_.row(topic);
  const float* segment_row = segments_.row(text_.segment(position));
  const float* word_row = words_.row(word);
  const double content_noise = key_mix.noise / std::sqrt(static_cast<double>(contents));
  for (std::size_t i = 0; i < contents; ++i) {
    const double meaning = key_mix.topic * topic_row[i] + key_mix.segment * segment_row[i] +
                           key_mix.word * word_row[i] + content_noise * content[i];
    out[content_dims_[i]] += static_cast<float>(salience * key_profile_[i] * meaning / key_mix.norm());
  }
  if (owns == 0) return;
  const double own_noise = own_mix.noise / std::sqrt(static_cast<double>(owns));
  const double own_gain = unit_ * own_key_norm / own_mix.norm();
  for (std::size_t i = 0; i < owns; ++i) {
    const double meaning =
        own_mix.topic * own_topics_.row(topic)[i] + own_mix.word * own_words_.row(word)[i] + own_noise * own[i];
    out[own_dims_[i]] += static_cast<float>(own_gain * meaning);
  }
}

void SyntheticHead::key(std::size_t position, float* out) const {
  if (position < sink_keys_.size()) {
    std::copy(sink_keys_[position].begin(), sink_keys_[position].end(), out);
  } else {
    ordinary_key(position, out);
  }
  rope_.rotate(position, out);
}

void SyntheticHead::query(std::size_t query_head, std::size_t position, float* out) const {
  const std::size_t contents = content_dims_.size();
  const auto stream = [&](Stream name) { return random_stream(random_stream(seed_, name), query_head); };
  std::vector<float> base(params_.dim + contents), step(contents), drift(contents), next_drift(contents);
  fill_normals(stream(query_stream), position, base);
  fill_normals(stream(step_stream), position / noise_step, step);
  fill_normals(stream(drift_stream), position / drift_step, drift);
  fill_normals(stream(drift_stream), position / drift_step + 1, next_drift);
  const float* own_noise = base.data() + params_.dim;
  const double late = static_cast<double>(position % drift_step) / static_cast<double>(drift_step);
  const double drift_norm = std::sqrt(late * late + (1 - late) * (1 - late));

  const double spread =
      unit_ * query_norm *
      std::sqrt((1 - concentration * concentration) * (1 - query_content_share) / static_cast<double>(params_.dim));
  const std::vector<float>& mean = mean_queries_[query_head];
  for (std::size_t c = 0; c < params_.dim; ++c) out[c] = static_cast<float>(mean[c] + spread * base[c]);

  const float* topic_row = topics_.row(text_.topic(position));
  const float* segment_row = segments_.row(text_.wanted_segment(query_head, position));
  const float* word_row = words_.row(text_.wanted_word(query_head, position));
  const double per_dim = 1 / std::sqrt(static_cast<double>(contents));
  for (std::size_t i = 0; i < contents; ++i) {
    const double noise = (step[i] + own_noise[i]) * std::numbers::sqrt2 / 2;
    const double drifted = ((1 - late) * drift[i] + late * next_drift[i]) / drift_norm;
    const double meaning = query_mix.topic * topic_row[i] + query_mix.segment * segment_row[i] +
                           query_mix.word * word_row[i] +
                           per_dim * (query_mix.noise * noise + query_mix.drift * drifted);
    out[content_dims_[i]] += static_cast<float>(query_profiles_[query_head][i] * meaning / query_mix.norm());
  }
  rope_.rotate(position, out);
}

void SyntheticHead::value(std::size_t position, float* out) const {
  std::vector<float> noise(params_.dim);
  fill_normals(random_stream(seed_, value_stream), position, noise);
  const float* topic_row = value_topics_.row(text_.topic(position));
  const float* word_row = value_words_.row(text_.word(position));
  const double per_dim = 1 / std::sqrt(static_cast<double>(params_.dim));
  const double gain = std::sqrt(static_cast<double>(params_.dim)) / value_mix.norm();
  for (std::size_t c = 0; c < params_.dim; ++c) {
    const double x =
        value_mix.topic * topic_row[c] + value_mix.word * word_row[c] + value_mix.noise * per_dim * noise[c];
    out[c] = static_cast<float>(gain * x);
  }
}

}  // namespace rattan::datasets
