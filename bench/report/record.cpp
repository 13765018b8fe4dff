#include "bench/report/record.h"

#include <algorithm>
#include <cmath>

#include "bench/inputs/text.h"

namespace rattan::bench {
Value::Value(double value) {
  if (std::isfinite(value)) any_ = value;
}

std::optional<double> Value::number() const {
  if (const auto* real = std::get_if<double>(&any_)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&any_)) return static_cast<double>(*whole);
  if (const auto* count = std::get_if<std::uint64_t>(&any_)) return static_cast<double>(*count);
  return std::nullopt;
}

Show show_text(std::string title) { return {.form = Show::Form::text, .title = std::move(title)}; }

Show show_numbers(std::string title) { return {.form = Show::Form::text, .title = std::move(title), .numbers = true}; }

Show show_fixed(std::string title, int digits, double factor) {
  return {.form = Show::Form::fixed, .title = std::move(title), .digits = digits, .factor = factor};
}

Show show_percent(std::string title) { return {.form = Show::Form::percent, .title = std::move(title)}; }

Show show_given(std::string title, std::string cell) {
  return {.form = Show::Form::given, .title = std::move(title), .given = std::move(cell)};
}

Show show_mean(std::string title, int digits, double mean, double deviation) {
  if (std::isnan(deviation)) return show_fixed(std::move(title), digits);
  return show_given(std::move(title), fixed(mean, digits) + " +- " + fixed(deviation, digits));
}

const Field* find_field(const Record& record, std::string_view name) {
  const auto found = std::find_if(record.begin(), record.end(), [&](const Field& field) { return field.name == name; });
  return found == record.end() ? nullptr : &*found;
}

Record joined(Record first, Record second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()), std::make_move_iterator(second.end()));
  return first;
}

}  // namespace rattan::bench
