#include "source_tree.h"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/files.h"

namespace rattan::test {
namespace {

namespace fs = std::filesystem;

// Replaces what is no code by blanks, so that line numbers and columns stay.
class CodeOnly {
 public:
  explicit CodeOnly(std::string text) : text_(std::move(text)) {}

  std::string strip() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_until("\n", 0);
      } else if (starts("/*")) {
        blank_until("*/", 2);
      } else if (starts("R\"")) {
        const std::size_t open = text_.find('(', at_);
        const std::string close = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
        at_ = open + 1;
        blank_until(close, 0);
        at_ = std::min(text_.size(), at_ + close.size());
      } else if (text_[at_] == '"') {
        blank_string();
      } else if (text_[at_] == '\'' && text_.compare(at_, 3, "'\"'") == 0) {
        text_[at_ + 1] = ' ';
        at_ += 3;
      } else {
        ++at_;
      }
    }
    return text_;
  }

 private:
  bool starts(std::string_view token) const { return std::string_view(text_).substr(at_).starts_with(token); }

  void blank_until(std::string_view end, std::size_t extra) {
    const std::size_t found = text_.find(end, at_);
    const std::size_t stop = found == std::string::npos ? text_.size() : found + extra;
    for (; at_ < stop; ++at_) {
      if (text_[at_] != '\n') text_[at_] = ' ';
    }
  }

  void blank_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '\\') text_[at_++] = ' ';
      text_[at_] = ' ';
    }
    ++at_;
  }

  std::string text_;
  std::size_t at_ = 0;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Include> includes_of(const std::vector<std::string>& text, const std::vector<std::string>& code) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::smatch match;
    if (code[i].find('#') == std::string::npos || !std::regex_search(text[i], match, pattern)) continue;
    includes.push_back({match[2], match[1] == "\"", i + 1});
  }
  return includes;
}

SourceFile load(const fs::path& path) {
  const std::string text = read_file(path);
  SourceFile file;
  file.path = fs::relative(path, source_root()).generic_string();
  file.text = lines_of(text);
  file.code = file.is_cpp() ? lines_of(CodeOnly(text).strip()) : file.text;
  if (file.is_cpp()) file.includes = includes_of(file.text, file.code);
  return file;
}

// Scripts have no extension; everything else here holds data.
bool is_source(const fs::path& path) {
  static const std::set<std::string> extensions = {"",    ".h",     ".cpp", ".c",  ".cu", ".cuh",
                                                   ".py", ".cmake", ".txt", ".md", ".in"};
  return extensions.contains(path.extension().string());
}

std::vector<SourceFile> load_tree() {
  std::vector<SourceFile> files;
  for (const auto& entry : fs::directory_iterator(source_root())) {
    const bool hidden = entry.path().filename().string().starts_with(".");
    if (entry.is_regular_file() && !hidden && is_source(entry.path())) files.push_back(load(entry.path()));
  }
  for (const char* top : {"include", "src", "cuda", "datasets", "bench", "tests", "tools"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source_root() / top)) {
      if (entry.is_regular_file() && is_source(entry.path())) files.push_back(load(entry.path()));
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace

fs::path source_root() { return RATTAN_SOURCE_DIR; }

const std::vector<SourceFile>& source_tree() {
  static const std::vector<SourceFile> files = load_tree();
  return files;
}

bool in_tree(std::string_view path) {
  return std::any_of(source_tree().begin(), source_tree().end(), [&](const auto& file) { return file.path == path; });
}

std::string included_path(const SourceFile& from, const Include& include) {
  for (const std::string& base : {from.folder() + "/", std::string("include/"), std::string("src/"), std::string()}) {
    if (in_tree(base + include.name)) return base + include.name;
  }
  return {};
}

std::string at(const SourceFile& file, std::size_t line) { return file.path + ":" + std::to_string(line) + ": "; }

}  // namespace rattan::test
