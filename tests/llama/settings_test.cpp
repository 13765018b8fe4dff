#include "tools/llama/settings.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace rattan::llama {
namespace {

Settings from(const std::map<std::string, std::string>& variables) {
  return read_settings([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Settings, DefaultsAreSilent) {
  const Settings settings = from({});
  EXPECT_FALSE(settings.statistics);
  EXPECT_TRUE(settings.enabled);
  EXPECT_EQ(settings.context.kind, HeadKind::automatic);
  EXPECT_TRUE(settings.context.background_build);
}

TEST(Settings, AreReadByName) {
  const Settings settings = from({{"RATTAN_LLAMA_KIND", "flat"},
                                  {"RATTAN_LLAMA_K", "400"},
                                  {"RATTAN_LLAMA_EPSILON", "0.02"},
                                  {"RATTAN_LLAMA_ESTIMATE", "0"},
                                  {"RATTAN_LLAMA_FROM", "1000"},
                                  {"RATTAN_LLAMA_BACKGROUND", "0"},
                                  {"RATTAN_LLAMA_BUILD_THREADS", "3"},
                                  {"RATTAN_LLAMA_STATS", "1"}});
  EXPECT_FALSE(settings.context.background_build);
  EXPECT_EQ(settings.context.build_threads, 3U);
  EXPECT_EQ(settings.context.kind, HeadKind::flat);
  EXPECT_EQ(settings.context.budget.k, 400U);
  EXPECT_EQ(settings.context.budget.epsilon, 0.02);
  EXPECT_FALSE(settings.context.budget.estimate_unread);
  EXPECT_EQ(settings.first_tokens, 1000U);
  EXPECT_TRUE(settings.statistics);
}

TEST(Settings, AnErrorNamesVariableValueAndWhatIsAllowed) {
  for (const auto& [name, value, text] : std::vector<std::array<std::string, 3>>{
           {"RATTAN_LLAMA_KIND", "fast", "RATTAN_LLAMA_KIND is \"fast\", allowed is auto, flat, scan4 or graph"},
           {"RATTAN_LLAMA_K", "many", "RATTAN_LLAMA_K is \"many\", must be a number"},
           {"RATTAN_LLAMA_ROWS", "65", "RATTAN_LLAMA_ROWS is \"65\", must be 1 to 64"}}) {
    try {
      from({{name, value}});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), text);
    }
  }
}

}  // namespace
}  // namespace rattan::llama
