#include "citations.h"

#include <algorithm>
#include <regex>

namespace rattan::test {
namespace {

// Lines joined by blanks, so that a citation may go on in the next one.
class JoinedText {
 public:
  explicit JoinedText(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      begins_.push_back(text_.size());
      const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
      text_ += line.substr(first) + " ";
    }
  }

  const std::string& text() const { return text_; }
  std::size_t line_at(std::size_t offset) const {
    return static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), offset) - begins_.begin());
  }

  // Calls body(match, line) for every match.
  template <typename Body>
  void each(const std::regex& pattern, const Body& body) const {
    for (std::sregex_iterator match(text_.begin(), text_.end(), pattern), end; match != end; ++match) {
      const std::size_t blanks = match->str(0).find_first_not_of(' ');  // of the line before
      body(*match, line_at(static_cast<std::size_t>(match->position(0)) + blanks));
    }
  }

 private:
  std::string text_;
  std::vector<std::size_t> begins_;
};

bool is_fence(const std::string& line) { return line.starts_with("```"); }

std::vector<std::string> markdown_prose(const SourceFile& file) {
  std::vector<std::string> lines;
  bool fenced = false;
  for (const std::string& line : file.text) {
    if (is_fence(line)) fenced = !fenced;
    lines.push_back(fenced || is_fence(line) ? std::string() : line);
  }
  return lines;
}

std::vector<std::string> script_prose(const SourceFile& file) {
  std::vector<std::string> lines;
  for (const std::string& line : file.text) {
    const std::size_t first = line.find_first_not_of(' ');
    lines.push_back(first != std::string::npos && line[first] == '#' ? line.substr(first + 1) : std::string());
  }
  return lines;
}

// SourceFile::code blanks comments and what stands in strings, but keeps the quotes around the latter.
class Comments {
 public:
  std::vector<std::string> of_file(const SourceFile& file) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < file.text.size(); ++i) lines.push_back(of_line(file.text[i], file.code[i]));
    return lines;
  }

 private:
  std::string of_line(const std::string& text, const std::string& code) {
    std::string found;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const std::string_view rest = std::string_view(text).substr(at);
      if (in_block_) {
        in_block_ = !rest.starts_with("*/");
        if (in_block_ && text[at] != '*') found += text[at];
      } else if (!in_string_ && code[at] == ' ' && rest.starts_with("//")) {
        return found + text.substr(at + 2);
      } else if (!in_string_ && code[at] == ' ' && rest.starts_with("/*")) {
        in_block_ = true;
        ++at;
      } else if (code[at] == '"') {
        in_string_ = !in_string_;
      }
    }
    return found;
  }

  bool in_block_ = false;
  bool in_string_ = false;
};

}  // namespace

std::vector<std::string> prose(const SourceFile& file) {
  if (file.extension() == ".md") return markdown_prose(file);
  if (file.is_cpp()) return Comments().of_file(file);
  return script_prose(file);
}

std::vector<Citation> cited_files(const std::vector<std::string>& prose) {
  // Not a name that goes on, not one with a placeholder before it.
  static const std::regex pattern(
      R"((^|[^\w./<>*{}$~-])([\w./-]*\w\.(?:md|h|cpp|c|cu|cuh|py|cmake|svg|supp))(?![\w*+-]|\.\w))"
      R"([`)]*(?:,? sections? (\d+))?)");
  std::vector<Citation> found;
  JoinedText(prose).each(pattern, [&](const std::smatch& match, std::size_t line) {
    found.push_back({match[2], match[2].str().ends_with(".md") ? match[3].str() : std::string(), line});
  });
  return found;
}

std::vector<Citation> cited_own_sections(const std::vector<std::string>& prose) {
  static const std::regex pattern(R"(([^ ]+) (?:of )?sections? (\d+))");
  static const std::regex other(R"(\.md[`)]*,?$|^\d{4}\.\d{5}[`)\]]*,?$|\w{4}\d{5}\)?,?$)");
  std::vector<Citation> found;
  JoinedText(prose).each(pattern, [&](const std::smatch& match, std::size_t line) {
    if (!std::regex_search(match[1].str(), other)) found.push_back({"", match[2], line});
  });
  return found;
}

std::vector<Citation> documents_without_path(const std::vector<std::string>& prose) {
  static const std::regex pattern(R"((?:^|[^\w/.])(?:([A-Z]{4,}) sections? (\d+)|(DESIGN) (\d+)))");
  std::vector<Citation> found;
  JoinedText(prose).each(pattern, [&](const std::smatch& match, std::size_t line) {
    const std::size_t first = match[1].matched ? 1 : 3;
    found.push_back({match[first], match[first + 1], line});
  });
  return found;
}

std::vector<Citation> cited_faults(const std::vector<std::string>& prose) {
  static const std::regex list(R"(FAULTS ([A-Z]\d+(?:(?:-|, | and )[A-Z]\d+)*))");
  static const std::regex id(R"([A-Z]\d+)");
  std::vector<Citation> found;
  JoinedText(prose).each(list, [&](const std::smatch& match, std::size_t line) {
    const std::string ids = match[1];
    for (std::sregex_iterator one(ids.begin(), ids.end(), id), end; one != end; ++one) {
      found.push_back({one->str(), "", line});
    }
  });
  return found;
}

std::vector<Citation> relative_links(const std::vector<std::string>& prose) {
  static const std::regex pattern(R"(\]\(([^)\s]+)\))");
  std::vector<Citation> found;
  JoinedText(prose).each(pattern, [&](const std::smatch& match, std::size_t line) {
    const std::string target = match[1];
    if (target.find("://") != std::string::npos || target.starts_with("#") || target.starts_with("mailto:")) return;
    found.push_back({target.substr(0, target.find('#')), "", line});
  });
  return found;
}

bool has_section(const std::vector<std::string>& document, std::string_view number) {
  return std::any_of(document.begin(), document.end(), [&](const std::string& line) {
    const std::size_t marks = line.find_first_not_of('#');
    return marks != 0 && marks != std::string::npos &&
           std::string_view(line).substr(marks).starts_with(" " + std::string(number) + ". ");
  });
}

std::vector<std::size_t> long_lines(const SourceFile& file, std::size_t most) {
  std::vector<std::size_t> found;
  const std::vector<std::string> lines = markdown_prose(file);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool free = lines[i].starts_with("|") || lines[i].find("://") != std::string::npos;
    if (lines[i].size() > most && !free) found.push_back(i + 1);
  }
  return found;
}

}  // namespace rattan::test
