// What comments and documents cite: files, numbered sections, faults by id.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "source_tree.h"

namespace rattan::test {

// Text for people, one string per line of the file: what is no comment (in Markdown: what stands in fenced code) is
// empty. Comment marks are gone.
std::vector<std::string> prose(const SourceFile& file);

struct Citation {
  std::string what;      // "src/DESIGN.md", "D4"
  std::string section;   // "7"; empty: the file as a whole
  std::size_t line = 0;  // counts from 1
};

// Files that are named with an extension of this tree's text files. A section belongs to the Markdown file before it:
// "x.md section 3", "`x.md`, section 3", also across a line break.
std::vector<Citation> cited_files(const std::vector<std::string>& prose);

// "section 3" that belongs to no file and to no paper, so to the document itself.
std::vector<Citation> cited_own_sections(const std::vector<std::string>& prose);

// Documents that are cited by a bare name in capitals and a number instead of by path and section.
std::vector<Citation> documents_without_path(const std::vector<std::string>& prose);

// The ids behind the word for tests/FAULTS.md; of a range both ends.
std::vector<Citation> cited_faults(const std::vector<std::string>& prose);

// Targets of [text](target) and ![text](target), but for addresses and places within the document.
std::vector<Citation> relative_links(const std::vector<std::string>& prose);

// "## 3. Rules" has the number 3. Headings may have any depth.
bool has_section(const std::vector<std::string>& document, std::string_view number);

// Lines above `most` columns of a Markdown file that are neither in a table nor in fenced code nor hold an address.
std::vector<std::size_t> long_lines(const SourceFile& file, std::size_t most);

}  // namespace rattan::test
