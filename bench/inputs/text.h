// Small words for people: numbers in fixed digits, lists on the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rattan::bench {

// "3.14"; "-" for NaN.
std::string fixed(double value, int digits);

// `value` with `digits` significant digits and no exponent for everyday sizes: 0.00123, 12.3, 1,230 stays 1230.
std::string significant(double value, int digits);

// A share as percent: "1.83 %"; "-" for NaN.
std::string percent(double share);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// "0,2,5-7" as {0,2,5,6,7}. Throws UsageError naming `flag` for anything else; at most 65,536 numbers.
std::vector<int> parse_int_list(std::string_view text, std::string_view flag);

// The candidate nearest to `word` by edit distance, or "" where nothing is within a third of the word's length.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace rattan::bench
