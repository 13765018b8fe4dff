// The synthetic text behind a head: which topic, segment and word stand at each position, and what each query head
// looks for. Segments come back to earlier topics and topics have words of their own, so the same meaning turns up in
// many places of a long context, as it does in real text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rattan::datasets {

class SyntheticText {
 public:
  static constexpr std::uint32_t topics = 128;
  static constexpr std::uint32_t words = 2048;

  // Any prefix of a longer text made from the same seed is the same text.
  SyntheticText(std::uint64_t seed, std::size_t positions);

  std::size_t segments() const noexcept { return segment_topics_.size(); }
  std::uint32_t segment(std::size_t position) const noexcept { return segments_[position]; }
  std::uint32_t topic(std::size_t position) const noexcept { return segment_topics_[segments_[position]]; }
  std::uint32_t word(std::size_t position) const noexcept { return words_[position]; }

  // The word that a query head looks for: half of the time the one that stands there, else another of its topic.
  std::uint32_t wanted_word(std::size_t query_head, std::size_t position) const noexcept;
  // An earlier segment of the same topic (this one if there is none); the same all through a segment.
  std::uint32_t wanted_segment(std::size_t query_head, std::size_t position) const noexcept;

 private:
  void lay_segments(std::size_t positions);
  std::uint32_t topic_word(std::uint32_t topic, std::uint64_t stream, std::uint64_t counter) const noexcept;

  std::uint64_t seed_;
  std::vector<std::uint32_t> segments_;
  std::vector<std::uint32_t> words_;
  std::vector<std::uint32_t> segment_topics_;
  std::vector<std::uint32_t> rank_in_topic_;                // how many earlier segments share the topic
  std::vector<std::vector<std::uint32_t>> topic_segments_;  // by topic, ascending
  std::vector<double> word_cdf_;
  std::vector<double> own_word_cdf_;
};

}  // namespace rattan::datasets
