#include "datasets/npy_header.h"

#include <charconv>
#include <optional>

#include "core/check.h"

namespace rattan::datasets {
namespace {

constexpr std::size_t max_dimensions = 32;
constexpr std::string_view white_space = " \t\r\n\f\v";

class Literal {
 public:
  Literal(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  [[noreturn]] void fail_here(std::string_view expected) const {
    fail(ErrorCode::corrupt, name_, ": header at character ", at_, ": ", expected, " expected");
  }

  // Skips white space, then takes `token` if it comes next.
  bool accept(std::string_view token) {
    at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) fail_here(token);
  }

  std::string string() {
    const bool single_quoted = accept("'");
    if (!single_quoted && !accept("\"")) fail_here("a quoted string");
    const std::size_t end = text_.find(single_quoted ? '\'' : '"', at_);
    if (end == std::string_view::npos) fail_here("the end of a string");
    std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }

  std::uint64_t number() {
    accept("");
    std::uint64_t value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) fail_here("a number that fits 64 bits");
    at_ += static_cast<std::size_t>(end - begin);
    // Python 2 wrote long integers with this suffix.
    if (text_.substr(at_).starts_with('L')) ++at_;
    return value;
  }

  // (), (n,), (n, m), ...; a single number needs its comma.
  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect("(");
    while (!accept(")")) {
      if (values.size() == max_dimensions) fail_here("at most 32 dimensions");
      values.push_back(number());
      if (accept(",")) continue;
      expect(values.size() == 1 ? "," : ")");
      break;
    }
    return values;
  }

  bool at_end() { return accept("") && at_ == text_.size(); }

 private:
  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

template <typename T>
T value_of(std::optional<T>& field, std::string_view key, const std::string& name) {
  if (!field) fail(ErrorCode::corrupt, name, ": header has no key '", key, "'");
  return std::move(*field);
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& name) {
  Literal in(text, name);
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> shape;
  in.expect("{");
  while (!in.accept("}")) {
    const std::string key = in.string();
    in.expect(":");
    if (key == "descr" && !descr) {
      // The fields of a structured dtype are of no interest: it is refused by its bracket.
      if (in.accept("[")) return {"[", false, {}};
      descr = in.string();
    } else if (key == "fortran_order" && !fortran_order) {
      fortran_order = in.boolean();
    } else if (key == "shape" && !shape) {
      shape = in.tuple();
    } else {
      in.fail_here("each of the keys descr, fortran_order, shape once");
    }
    if (in.accept(",")) continue;
    in.expect("}");
    break;
  }
  if (!in.at_end()) in.fail_here("nothing behind the dict");
  return {value_of(descr, "descr", name), value_of(fortran_order, "fortran_order", name),
          value_of(shape, "shape", name)};
}

}  // namespace rattan::datasets
