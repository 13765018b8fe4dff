#include "datasets/synthetic_text.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace rattan::datasets {
namespace {

constexpr std::size_t own_words = 64;        // words that a topic favours
constexpr double common_word_share = 0.4;    // of positions hold a word from the whole vocabulary
constexpr double return_share = 0.75;        // of segments go back to the topic of an earlier segment
constexpr double median_segment = 120;       // positions
constexpr double segment_spread = 0.7;       // of the logarithm
constexpr std::size_t shortest_segment = 8;  // positions

enum Stream : std::uint64_t {
  topic_order = 1,
  topic_draw,
  topic_return,
  segment_length,
  word_kind,
  word_draw,
  own_list,
  want_kind,
  want_draw,
  want_segment
};

// Cumulative shares of ranks 1..count with weight rank^-exponent.
std::vector<double> zipf_cdf(std::size_t count, double exponent) {
  std::vector<double> cdf(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) cdf[i] = sum += std::pow(static_cast<double>(i + 1), -exponent);
  for (double& x : cdf) x /= sum;
  return cdf;
}

std::uint32_t draw(const std::vector<double>& cdf, double uniform) {
  const auto at = std::upper_bound(cdf.begin(), cdf.end(), uniform);
  return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(at - cdf.begin(), std::ssize(cdf) - 1));
}

}  // namespace

SyntheticText::SyntheticText(std::uint64_t seed, std::size_t positions)
    : seed_(seed),
      segments_(positions),
      words_(positions),
      topic_segments_(topics),
      word_cdf_(zipf_cdf(words, 1.0)),
      own_word_cdf_(zipf_cdf(own_words, 0.8)) {
  lay_segments(positions);
  const std::uint64_t kind = random_stream(seed, word_kind);
  const std::uint64_t common = random_stream(seed, word_draw);
  for (std::size_t i = 0; i < positions; ++i) {
    const double uniform = random_uniform(common, i);
    words_[i] =
        random_uniform(kind, i) < common_word_share ? draw(word_cdf_, uniform) : topic_word(topic(i), common, i);
  }
}

// Recent segments are likelier to be returned to than old ones.
void SyntheticText::lay_segments(std::size_t positions) {
  const std::vector<double> topic_cdf = zipf_cdf(topics, 0.7);
  const std::uint64_t order = random_stream(seed_, topic_order);
  const std::uint64_t fresh = random_stream(seed_, topic_draw);
  const std::uint64_t back = random_stream(seed_, topic_return);
  const std::uint64_t length = random_stream(seed_, segment_length);
  std::vector<std::uint32_t> permutation(topics);
  for (std::uint32_t i = 0; i < topics; ++i) {
    const auto j = static_cast<std::uint32_t>(random_below(order, i, i + 1));
    permutation[i] = permutation[j];
    permutation[j] = i;
  }

  for (std::size_t begin = 0; begin < positions;) {
    const std::size_t s = segment_topics_.size();
    std::uint32_t topic = permutation[draw(topic_cdf, random_uniform(fresh, s))];
    if (s > 0 && random_uniform(back, 2 * s) < return_share) {
      const double age = static_cast<double>(s) * std::pow(random_uniform(back, 2 * s + 1), 3);
      topic = segment_topics_[s - 1 - std::min(s - 1, static_cast<std::size_t>(age))];
    }
    segment_topics_.push_back(topic);
    rank_in_topic_.push_back(static_cast<std::uint32_t>(topic_segments_[topic].size()));
    topic_segments_[topic].push_back(static_cast<std::uint32_t>(s));

    const double drawn = median_segment * std::exp(segment_spread * random_normal(length, s));
    const std::size_t end = std::min(positions, begin + shortest_segment + static_cast<std::size_t>(drawn));
    std::fill(segments_.begin() + static_cast<std::ptrdiff_t>(begin),
              segments_.begin() + static_cast<std::ptrdiff_t>(end), static_cast<std::uint32_t>(s));
    begin = end;
  }
}

std::uint32_t SyntheticText::topic_word(std::uint32_t topic, std::uint64_t stream,
                                        std::uint64_t counter) const noexcept {
  const std::uint32_t slot = draw(own_word_cdf_, random_uniform(stream, counter));
  return static_cast<std::uint32_t>(random_below(random_stream(seed_, own_list), topic * own_words + slot, words));
}

std::uint32_t SyntheticText::wanted_word(std::size_t query_head, std::size_t position) const noexcept {
  const std::uint64_t kind = random_stream(random_stream(seed_, want_kind), query_head);
  if (random_uniform(kind, position) < 0.5) return word(position);
  return topic_word(topic(position), random_stream(random_stream(seed_, want_draw), query_head), position);
}

std::uint32_t SyntheticText::wanted_segment(std::size_t query_head, std::size_t position) const noexcept {
  const std::uint32_t s = segment(position);
  const std::uint32_t earlier = rank_in_topic_[s];
  if (earlier == 0) return s;
  const std::uint64_t stream = random_stream(random_stream(seed_, want_segment), query_head);
  return topic_segments_[segment_topics_[s]][random_below(stream, s, earlier)];
}

}  // namespace rattan::datasets
