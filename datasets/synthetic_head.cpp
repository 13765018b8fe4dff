#include "datasets/synthetic_head.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/parallel.h"
#include "datasets/synthetic_random.h"

namespace rattan::datasets {
namespace {

enum Stream : std::uint64_t {
  text_stream = 1,
  geometry_stream,
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
constexpr Mix query_mix{0.35, 0.35, 0.65, 0.75, 0.3};
constexpr Mix value_mix{0.5, 0, 0.6, 0.6, 0};

constexpr std::size_t noise_step = 4;     // neighbouring queries share half of their noise
constexpr std::size_t drift_step = 8192;  // positions between the anchors of the slow drift

}  // namespace

LatentTable::LatentTable(std::uint64_t seed, std::size_t rows, std::size_t dims) : dims_(dims), values_(rows * dims) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(std::max<std::size_t>(1, dims)));
  for (std::size_t i = 0; i < rows; ++i) fill_normals(seed, i, std::span(values_).subspan(i * dims, dims));
  for (float& x : values_) x *= scale;
}

SyntheticHead::SyntheticHead(const SyntheticParams& params, std::size_t head, Executor& executor)
    : params_(params),
      seed_(random_stream(params.seed, head)),
      rope_(params.dim),
      text_(random_stream(seed_, text_stream), params.keys + params.decode),
      geometry_(draw_geometry(params, random_stream(seed_, geometry_stream))) {
  const std::size_t contents = geometry_.content_dims.size(), owns = geometry_.own_dims.size();
  const auto table = [&](Stream stream, std::size_t rows, std::size_t dims) {
    return LatentTable(random_stream(seed_, stream), rows, dims);
  };
  topics_ = table(topic_stream, SyntheticText::topics, contents);
  segments_ = table(segment_stream, text_.segments(), contents);
  words_ = table(word_stream, SyntheticText::words, contents);
  own_topics_ = table(own_topic_stream, SyntheticText::topics, owns);
  own_words_ = table(own_word_stream, SyntheticText::words, owns);
  value_topics_ = table(value_topic_stream, SyntheticText::topics, params.dim);
  value_words_ = table(value_word_stream, SyntheticText::words, params.dim);
  place_sinks(executor);
}

void SyntheticHead::ordinary_key(std::size_t position, float* out) const {
  const std::size_t contents = geometry_.content_dims.size(), owns = geometry_.own_dims.size();
  std::vector<float> normals(params_.dim + contents + owns + 1);
  fill_normals(random_stream(seed_, key_stream), position, normals);
  const float* base = normals.data();
  const float* content = base + params_.dim;
  const float* own = content + contents;
  const double salience = std::exp(0.25 * static_cast<double>(normals.back()));
  const std::uint32_t topic = text_.topic(position), word = text_.word(position);

  for (std::size_t c = 0; c < params_.dim; ++c) out[c] = geometry_.mean_key[c] + geometry_.key_noise[c] * base[c];
  const float* topic_row = topics_.row(topic);
  const float* segment_row = segments_.row(text_.segment(position));
  const float* word_row = words_.row(word);
  const double content_noise = key_mix.noise / std::sqrt(static_cast<double>(contents));
  for (std::size_t i = 0; i < contents; ++i) {
    const double meaning = key_mix.topic * topic_row[i] + key_mix.segment * segment_row[i] +
                           key_mix.word * word_row[i] + content_noise * content[i];
    out[geometry_.content_dims[i]] +=
        static_cast<float>(salience * geometry_.key_profile[i] * meaning / key_mix.norm());
  }
  if (owns == 0) return;
  const double own_noise = own_mix.noise / std::sqrt(static_cast<double>(owns));
  const double own_gain = geometry_.own_gain / own_mix.norm();
  for (std::size_t i = 0; i < owns; ++i) {
    const double meaning =
        own_mix.topic * own_topics_.row(topic)[i] + own_mix.word * own_words_.row(word)[i] + own_noise * own[i];
    out[geometry_.own_dims[i]] += static_cast<float>(own_gain * meaning);
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
  const std::size_t contents = geometry_.content_dims.size();
  const auto stream = [&](Stream name) { return random_stream(random_stream(seed_, name), query_head); };
  std::vector<float> base(params_.dim + contents), step(contents), drift(contents), next_drift(contents);
  fill_normals(stream(query_stream), position, base);
  fill_normals(stream(step_stream), position / noise_step, step);
  fill_normals(stream(drift_stream), position / drift_step, drift);
  fill_normals(stream(drift_stream), position / drift_step + 1, next_drift);
  const float* own_noise = base.data() + params_.dim;
  const double late = static_cast<double>(position % drift_step) / static_cast<double>(drift_step);
  const double drift_norm = std::sqrt(late * late + (1 - late) * (1 - late));

  const std::vector<float>& mean = geometry_.mean_queries[query_head];
  for (std::size_t c = 0; c < params_.dim; ++c) out[c] = static_cast<float>(mean[c] + geometry_.query_noise * base[c]);

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
    out[geometry_.content_dims[i]] +=
        static_cast<float>(geometry_.query_profiles[query_head][i] * meaning / query_mix.norm());
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
