// Every fault of the catalogue stands in tests/FAULTS.md, with a test that carries its id or the reason why there is
// none.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

constexpr std::size_t least_reason = 20;

// The catalogue's sections, and how many faults each has. Measures (R) are those that tests run.
const std::map<char, int>& catalogue() {
  static const std::map<char, int> sections = {{'A', 19}, {'B', 7},  {'C', 7}, {'D', 14},
                                               {'E', 7},  {'F', 12}, {'G', 12}};
  return sections;
}

const SourceFile* find_file(const std::string& path) {
  const auto found = std::find_if(source_tree().begin(), source_tree().end(),
                                  [&](const SourceFile& file) { return file.path == path; });
  return found == source_tree().end() ? nullptr : &*found;
}

// Last cell of each row, by id.
std::map<std::string, std::string> tests_by_fault() {
  static const std::regex row(R"(^\| ([A-Z]\d+) \|.*\| ([^|]*) \|$)");
  std::map<std::string, std::string> found;
  for (const std::string& line : find_file("tests/FAULTS.md")->text) {
    std::smatch match;
    if (std::regex_match(line, match, row)) found[match[1]] = match[2];
  }
  return found;
}

// By itself, as part of a test's name, or within a range ("A1-A18").
bool carries(const SourceFile& file, const std::string& id) {
  const std::regex itself("(^|[^A-Za-z0-9])" + id + "([^0-9]|$)");
  const std::regex range(id.substr(0, 1) + R"((\d+)-)" + id.substr(0, 1) + R"((\d+))");
  const int number = std::stoi(id.substr(1));
  return std::any_of(file.text.begin(), file.text.end(), [&](const std::string& line) {
    std::smatch match;
    return std::regex_search(line, itself) ||
           (std::regex_search(line, match, range) && std::stoi(match[1]) <= number && number <= std::stoi(match[2]));
  });
}

TEST(Faults, EveryOneOfTheCatalogueHasARow) {
  const auto rows = tests_by_fault();
  for (const auto& [section, count] : catalogue()) {
    for (int number = 1; number <= count; ++number) {
      const std::string id = section + std::to_string(number);
      EXPECT_TRUE(rows.contains(id)) << "tests/FAULTS.md has no row " << id << ", or it has no test";
    }
  }
}

TEST(Faults, EveryRowHasATestThatCarriesItsId) {
  for (const auto& [id, cell] : tests_by_fault()) {
    if (cell.starts_with("none: ")) {
      EXPECT_GE(cell.size(), least_reason) << id << " has neither a test nor a reason";
      continue;
    }
    std::istringstream names(cell);
    std::size_t count = 0;
    for (std::string name; std::getline(names >> std::ws, name, ','); ++count) {
      const SourceFile* const file = find_file("tests/" + name);
      ASSERT_NE(file, nullptr) << id << ": tests/" << name << " is not in the tree";
      EXPECT_TRUE(carries(*file, id)) << "tests/" << name << " does not say " << id;
    }
    EXPECT_GE(count, 1U) << id << " has no test";
  }
}

}  // namespace
}  // namespace rattan::test
