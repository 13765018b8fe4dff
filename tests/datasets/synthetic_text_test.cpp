#include "datasets/synthetic_text.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace rattan::datasets {
namespace {

TEST(SyntheticText, APrefixIsTheSameText) {
  const SyntheticText whole(5, 4000), prefix(5, 1500);
  for (std::size_t i = 0; i < 1500; ++i) {
    ASSERT_EQ(whole.segment(i), prefix.segment(i));
    ASSERT_EQ(whole.topic(i), prefix.topic(i));
    ASSERT_EQ(whole.word(i), prefix.word(i));
    ASSERT_EQ(whole.wanted_word(2, i), prefix.wanted_word(2, i));
    ASSERT_EQ(whole.wanted_segment(2, i), prefix.wanted_segment(2, i));
  }
}

TEST(SyntheticText, SegmentsAreConsecutiveAndTopicsComeBack) {
  const SyntheticText text(1, 30000);
  std::map<std::uint32_t, std::set<std::uint32_t>> segments_of_topic;
  for (std::size_t i = 0; i < 30000; ++i) {
    ASSERT_LT(text.topic(i), SyntheticText::topics);
    ASSERT_LT(text.word(i), SyntheticText::words);
    if (i > 0) {
      const std::uint32_t step = text.segment(i) - text.segment(i - 1);
      ASSERT_LE(step, 1U);
    }
    segments_of_topic[text.topic(i)].insert(text.segment(i));
  }
  EXPECT_EQ(text.segments(), text.segment(29999) + 1U);
  EXPECT_GT(text.segments(), 90U);
  EXPECT_LT(text.segments(), 400U);
  EXPECT_GT(segments_of_topic.size(), 15U);
  EXPECT_LT(segments_of_topic.size(), text.segments() / 2);
}

TEST(SyntheticText, HeadsLookForEarlierSegmentsOfTheTopic) {
  const SyntheticText text(2, 20000);
  std::vector<std::uint32_t> topic_of(text.segments());
  for (std::size_t i = 0; i < 20000; ++i) topic_of[text.segment(i)] = text.topic(i);
  std::size_t earlier = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const std::uint32_t wanted = text.wanted_segment(1, i);
    ASSERT_LE(wanted, text.segment(i));
    ASSERT_EQ(topic_of[wanted], text.topic(i));
    earlier += wanted < text.segment(i) ? 1 : 0;
  }
  EXPECT_GT(earlier, 10000U);
}

TEST(SyntheticText, HalfOfTheWantedWordsStandThere) {
  const SyntheticText text(3, 20000);
  double same = 0, shared = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    same += text.wanted_word(0, i) == text.word(i) ? 1.0 / 20000 : 0;
    shared += text.wanted_word(0, i) == text.wanted_word(1, i) ? 1.0 / 20000 : 0;
  }
  EXPECT_NEAR(same, 0.52, 0.05);
  EXPECT_GT(shared, 0.2);
  EXPECT_LT(shared, 0.5);
}

TEST(SyntheticText, TinyTexts) {
  EXPECT_EQ(SyntheticText(1, 0).segments(), 0U);
  const SyntheticText one(1, 1);
  EXPECT_EQ(one.segments(), 1U);
  EXPECT_EQ(one.wanted_segment(0, 0), 0U);
}

}  // namespace
}  // namespace rattan::datasets
