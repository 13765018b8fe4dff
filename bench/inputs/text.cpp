#include "bench/inputs/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <numeric>

#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

constexpr std::size_t max_list = 65536;

int parse_list_number(std::string_view text, std::string_view whole, std::string_view flag) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    throw UsageError(std::string(flag) + " is \"" + std::string(whole) +
                     "\", allowed are numbers and ranges such as 0,2,5-7");
  }
  return value;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "-";
  char buffer[512];  // the largest double has 309 digits
  return {buffer, std::to_chars(buffer, std::end(buffer), value, std::chars_format::fixed, digits).ptr};
}

std::string significant(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return fixed(value, 0);
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fixed(value, std::clamp(digits - 1 - magnitude, 0, 9));
}

std::string percent(double share) { return std::isnan(share) ? "-" : significant(100 * share, 3) + " %"; }

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::vector<int> parse_int_list(std::string_view text, std::string_view flag) {
  std::vector<int> numbers;
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-', 1);
    const int first = parse_list_number(std::string_view(part).substr(0, dash), text, flag);
    const int last =
        dash == std::string::npos ? first : parse_list_number(std::string_view(part).substr(dash + 1), text, flag);
    if (last < first || static_cast<std::size_t>(last - first) >= max_list - numbers.size()) {
      throw UsageError(std::string(flag) + " is \"" + std::string(text) + "\": the range " + part +
                       " runs backwards or is too long");
    }
    for (int value = first; value <= last; ++value) numbers.push_back(value);
  }
  return numbers;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace rattan::bench
