// The public surface stays small and free of third-party headers. That each header compiles alone is a build target of
// its own (rattan_public_headers).
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_headers = 14;
constexpr std::size_t most_lines = 1550;

std::vector<const SourceFile*> public_headers() {
  std::vector<const SourceFile*> headers;
  for (const SourceFile& file : source_tree()) {
    if (file.in("include")) headers.push_back(&file);
  }
  return headers;
}

TEST(PublicHeaders, AreFewAndShort) {
  std::size_t lines = 0;
  for (const SourceFile* header : public_headers()) {
    EXPECT_EQ(header->folder(), "include/rattan") << header->path;
    lines += header->text.size();
  }
  EXPECT_LE(public_headers().size(), most_headers);
  EXPECT_LE(lines, most_lines);
}

TEST(PublicHeaders, IncludeOnlyTheStandardLibraryAndEachOther) {
  for (const SourceFile* header : public_headers()) {
    for (const Include& include : header->includes) {
      if (include.quoted) {
        EXPECT_TRUE(in_tree("include/" + include.name)) << at(*header, include.line) << include.name;
      } else {
        // Standard headers have neither folder nor extension, but for the C ones of c.h.
        const bool standard =
            include.name.find_first_of("/.") == std::string::npos ||
            (header->stem() == "c" && include.name.starts_with("std") && include.name.ends_with(".h"));
        EXPECT_TRUE(standard) << at(*header, include.line) << include.name;
      }
    }
  }
}

// A shared library hides all names but those between the two marks.
TEST(PublicHeaders, ExportWhatTheyDeclare) {
  for (const SourceFile* header : public_headers()) {
    if (header->path == "include/rattan/version.h") continue;  // macros alone
    const std::vector<std::string>& code = header->code;
    const auto shows = std::find(code.begin(), code.end(), "#pragma GCC visibility push(default)");
    const auto ends = std::find(code.begin(), code.end(), "#pragma GCC visibility pop");
    EXPECT_LT(shows, ends) << header->path << " exports nothing";
    EXPECT_NE(ends, code.end()) << header->path << " marks everything behind it";
    for (const Include& include : header->includes) {
      EXPECT_LE(include.line, static_cast<std::size_t>(shows - code.begin())) << at(*header, include.line);
    }
    // A type of the insides that is named between the marks would be shown with all its members.
    static const std::regex named(R"(^\s*(class|struct) \w+;)");
    for (auto line = shows; line != ends; ++line) {
      const auto number = static_cast<std::size_t>(line - code.begin()) + 1;
      EXPECT_FALSE(std::regex_search(*line, named)) << at(*header, number) << *line;
    }
  }
}

TEST(PublicHeaders, StateTheirContractFirst) {
  for (const SourceFile* header : public_headers()) {
    ASSERT_FALSE(header->text.empty()) << header->path;
    const std::string& first = header->text.front();
    EXPECT_TRUE(first.starts_with("//") || first.starts_with("/*")) << header->path << " begins with: " << first;
  }
}

}  // namespace
}  // namespace rattan::test
