// What comments and documents cite is in the tree: files, numbered sections, links, sections of index files. And
// documents keep their measure.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "citations.h"
#include "source_tree.h"

namespace rattan::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_columns = 120;
constexpr std::size_t most_readme_lines = 150;

// Names that look like files of this tree and are not: of other programs, and placeholders.
bool is_foreign(const std::string& cited) {
  static const std::set<std::string> names = {"make_dump.py", "expf.c",    "main.c",
                                              "main.cpp",     "llama.cpp", "vendor/llama.cpp"};
  return names.contains(cited) || fs::path(cited).stem() == "x" || cited.starts_with("build/");
}

const SourceFile* find_file(const std::string& path) {
  const auto found = std::find_if(source_tree().begin(), source_tree().end(),
                                  [&](const SourceFile& file) { return file.path == path; });
  return found == source_tree().end() ? nullptr : &*found;
}

bool stands(const fs::path& path) {
  const fs::path clean = path.lexically_normal();
  return !clean.empty() && *clean.begin() != ".." && fs::exists(source_root() / clean);
}

// The path from the top of the tree that `cited` means in a file of `folder`; empty where there is none.
std::string resolve(const std::string& folder, const std::string& cited) {
  for (const fs::path& base : {fs::path(folder), fs::path(), fs::path("src"), fs::path("include")}) {
    if (stands(base / cited)) return (base / cited).lexically_normal().generic_string();
    if (cited.starts_with("..")) break;
  }
  if (cited.find('/') != std::string::npos) return {};
  const auto named = std::find_if(source_tree().begin(), source_tree().end(),
                                  [&](const SourceFile& file) { return file.path.ends_with("/" + cited); });
  return named == source_tree().end() ? std::string() : named->path;
}

SourceFile markdown(std::vector<std::string> lines) { return {"x.md", lines, lines, {}}; }

TEST(Documents, CitedFilesAndSectionsExist) {
  for (const SourceFile& file : source_tree()) {
    for (const Citation& cited : cited_files(prose(file))) {
      if (is_foreign(cited.what)) continue;
      const std::string target = resolve(file.folder(), cited.what);
      EXPECT_FALSE(target.empty()) << at(file, cited.line) << cited.what << " is not in the tree";
      if (target.empty() || cited.section.empty()) continue;
      const SourceFile* const document = find_file(target);
      EXPECT_TRUE(document != nullptr && has_section(document->text, cited.section))
          << at(file, cited.line) << target << " has no section " << cited.section;
    }
    for (const Citation& cited : documents_without_path(prose(file))) {
      ADD_FAILURE() << at(file, cited.line) << cited.what << " " << cited.section << ": cite the path of the document";
    }
  }
}

TEST(Documents, SectionsOfTheSameDocumentExist) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".md") continue;
    for (const Citation& cited : cited_own_sections(prose(file))) {
      EXPECT_TRUE(has_section(file.text, cited.section)) << at(file, cited.line) << "no section " << cited.section;
    }
  }
}

TEST(Documents, CitedFaultsExist) {
  const SourceFile* const faults = find_file("tests/FAULTS.md");
  ASSERT_NE(faults, nullptr);
  for (const SourceFile& file : source_tree()) {
    for (const Citation& cited : cited_faults(prose(file))) {
      const bool known = std::any_of(faults->text.begin(), faults->text.end(), [&](const std::string& line) {
        return line.starts_with("| " + cited.what + " |");
      });
      EXPECT_TRUE(known) << at(file, cited.line) << "tests/FAULTS.md has no " << cited.what;
    }
  }
}

TEST(Documents, RelativeLinksResolve) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".md") continue;
    for (const Citation& link : relative_links(prose(file))) {
      EXPECT_TRUE(stands(fs::path(file.folder()) / link.what)) << at(file, link.line) << link.what;
    }
  }
}

TEST(Documents, NothingOutsideTheTreeIsCited) {
  // But where the default of RATTAN_DATA is told.
  const std::regex outside(std::string(R"(\.\./)") + "shared|/wo" + "rk/");
  for (const SourceFile& file : source_tree()) {
    for (std::size_t i = 0; i < file.text.size(); ++i) {
      const bool told = file.text[i].find("RATTAN_DATA") != std::string::npos;
      EXPECT_TRUE(told || !std::regex_search(file.text[i], outside)) << at(file, i + 1) << file.text[i];
    }
  }
}

TEST(Documents, EverySectionOfAnIndexFileIsDocumented) {
  const SourceFile* const format = find_file("src/storage/FORMAT.md");
  ASSERT_NE(format, nullptr);
  const std::regex added(R"re((?:\.add\(|section_name = )"(\w+)")re");
  std::size_t sections = 0;
  for (const SourceFile& file : source_tree()) {
    if (!file.in("src")) continue;
    for (std::size_t i = 0; i < file.text.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.text[i], match, added)) continue;
      ++sections;
      const std::string row = "| `" + match[1].str() + "`";
      const bool found = std::any_of(format->text.begin(), format->text.end(),
                                     [&](const std::string& line) { return line.starts_with(row); });
      EXPECT_TRUE(found) << at(file, i + 1) << "src/storage/FORMAT.md has no section " << match[1];
    }
  }
  EXPECT_GE(sections, 10U);
}

TEST(Documents, EveryRoomStandsInTheDesign) {
  const SourceFile* const design = find_file("src/DESIGN.md");
  ASSERT_NE(design, nullptr);
  for (const auto& entry : fs::directory_iterator(source_root() / "src")) {
    if (!entry.is_directory()) continue;
    const std::string room = "`src/" + entry.path().filename().string() + "`";
    const bool found = std::any_of(design->text.begin(), design->text.end(), [&](const std::string& line) {
      return line.starts_with("|") && line.find(room) != std::string::npos;
    });
    EXPECT_TRUE(found) << "src/DESIGN.md has no row for " << room;
  }
}

TEST(Documents, LinesAreReadable) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".md") continue;
    for (const std::size_t line : long_lines(file, most_columns)) {
      ADD_FAILURE() << at(file, line) << file.text[line - 1].size() << " columns, allowed are " << most_columns;
    }
  }
}

TEST(Documents, TheReadmeIsShort) {
  const SourceFile* const readme = find_file("README.md");
  ASSERT_NE(readme, nullptr);
  EXPECT_LE(readme->text.size(), most_readme_lines);
}

// What the finders find, on small texts.

using Found = std::vector<std::string>;

Found whats(const std::vector<Citation>& citations) {
  Found found;
  for (const Citation& citation : citations) {
    found.push_back(citation.what + (citation.section.empty() ? "" : " " + citation.section));
  }
  return found;
}

TEST(Citations, FilesWithAndWithoutSections) {
  EXPECT_EQ(whats(cited_files({"See src/a.md section 7, core/b.h and `c.md`, section 12."})),
            (Found{"src/a.md 7", "core/b.h", "c.md 12"}));
  EXPECT_EQ(whats(cited_files({"the figures (bench/A.md", "  section 2) and (x/y.cpp)"})),
            (Found{"bench/A.md 2", "x/y.cpp"}));
  EXPECT_EQ(whats(cited_files({"../up/z.md.", "[t](d.md)"})), (Found{"../up/z.md", "d.md"}));
  EXPECT_EQ(cited_files({"", "a.h"}).front().line, 2U);
}

TEST(Citations, WhatIsNoFile) {
  EXPECT_EQ(whats(cited_files({"command_*.cpp src/<room>/x.h std::c.h_max e.g. a.hpp x.h.in lib.c++"})), Found{});
}

TEST(Citations, OwnSections) {
  EXPECT_EQ(whats(cited_own_sections({"As in section 3 (and a.md section 4; `b.md`, section 5)."})), (Found{" 3"}));
  EXPECT_EQ(whats(cited_own_sections({"(arXiv 2409.10516, section 3.3)"})), Found{});
}

TEST(Citations, DocumentsWithoutAPath) {
  EXPECT_EQ(whats(documents_without_path({"DESIGN section 3", "(DESIGN 2.7: x)", "FAULTS section 4"})),
            (Found{"DESIGN 3", "DESIGN 2", "FAULTS 4"}));
  EXPECT_EQ(whats(documents_without_path({"src/DESIGN.md section 3, FAULTS D4"})), Found{});
}

TEST(Citations, Faults) {
  EXPECT_EQ(whats(cited_faults({"(FAULTS A1-A4, B2 and", "C3: no keys) D9"})), (Found{"A1", "A4", "B2", "C3"}));
}

TEST(Citations, Links) {
  EXPECT_EQ(whats(relative_links({"[a](b.md#c) ![p](p.svg) [w](https://x.y) [h](#here)"})), (Found{"b.md", "p.svg"}));
}

TEST(Citations, SectionsOfADocument) {
  EXPECT_TRUE(has_section({"# Title", "## 3. Rules"}, "3"));
  EXPECT_FALSE(has_section({"# Title", "## 13. Rules", "3. an item"}, "3"));
}

TEST(Citations, ProseIsCommentsAlone) {
  const SourceFile file{"x.cpp",
                        {R"(f("// no.md");  // yes.md)", "/* a.md", " * b.md */ g();", R"(h('"');  // c.md)"},
                        {R"(f("        ");           )", "       ", "           g();", R"(h(' ');        )"},
                        {}};
  EXPECT_EQ(whats(cited_files(prose(file))), (Found{"yes.md", "a.md", "b.md", "c.md"}));
  EXPECT_EQ(whats(cited_files(prose({"x.py", {"a = 'no.md'", "  # yes.md"}, {}, {}}))), Found{"yes.md"});
  EXPECT_EQ(whats(cited_files(prose(markdown({"yes.md", "```sh", "no.md", "```"})))), Found{"yes.md"});
}

TEST(Citations, LongLines) {
  const std::string wide(11, 'x');
  EXPECT_EQ(long_lines(markdown({wide, "|" + wide, "```", wide, "```", "see https://x.y/z"}), 10),
            std::vector<std::size_t>{1});
}

TEST(Citations, ResolvedFromTheFolderTheTopAndByName) {
  EXPECT_EQ(resolve("src/storage", "FORMAT.md"), "src/storage/FORMAT.md");
  EXPECT_EQ(resolve("src/graph", "src/storage/FORMAT.md"), "src/storage/FORMAT.md");
  EXPECT_EQ(resolve("src/graph", "rattan/index.h"), "include/rattan/index.h");
  EXPECT_EQ(resolve("bench", "container.h"), "src/storage/container.h");
  EXPECT_EQ(resolve("bench", "no_such_file.h"), "");
  EXPECT_EQ(resolve("", "../README.md"), "");
}

}  // namespace
}  // namespace rattan::test
