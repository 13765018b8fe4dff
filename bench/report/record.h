// One result as named, typed values, and how a table shows each of them. Whatever a command prints is a list of these.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rattan::bench {

class Value {
 public:
  using Numbers = std::vector<double>;
  using NamedNumbers = std::vector<std::pair<std::string, double>>;
  using NamedCounts = std::vector<std::pair<std::string, std::uint64_t>>;
  using Any = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Numbers,
                           NamedNumbers, NamedCounts>;

  Value() = default;  // not measured
  Value(bool value) : any_(value) {}
  Value(std::signed_integral auto value) : any_(std::int64_t{value}) {}
  Value(std::unsigned_integral auto value) : any_(std::uint64_t{value}) {}
  Value(double value);  // NaN and infinity count as not measured
  Value(std::string value) : any_(std::move(value)) {}
  Value(std::string_view value) : any_(std::string(value)) {}
  Value(const char* value) : any_(std::string(value)) {}
  Value(Numbers value) : any_(std::move(value)) {}
  Value(NamedNumbers value) : any_(std::move(value)) {}
  Value(NamedCounts value) : any_(std::move(value)) {}
  template <typename T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  const Any& any() const noexcept { return any_; }
  bool measured() const noexcept { return !std::holds_alternative<std::monostate>(any_); }
  std::optional<double> number() const;  // of integers and reals

  friend bool operator==(const Value&, const Value&) = default;

 private:
  Any any_;
};

// A column of a table. Numbers are aligned right.
struct Show {
  enum class Form : std::uint8_t { nowhere, text, fixed, percent, given };

  Form form = Form::nowhere;  // formats for programs carry the field all the same
  std::string title = {};     // with the unit
  int digits = 0;             // fixed
  double factor = 1;          // fixed: from the value's unit to the title's
  std::string given = {};     // the whole cell
  bool numbers = false;       // text: aligned as numbers are
};

Show show_text(std::string title);
Show show_numbers(std::string title);  // of text
Show show_fixed(std::string title, int digits, double factor = 1);
Show show_percent(std::string title);                                          // of a share 0..1
Show show_given(std::string title, std::string cell);                          // a number with something beside it
Show show_mean(std::string title, int digits, double mean, double deviation);  // "3.1 +- 0.2"; a NaN deviation is not

struct Field {
  std::string name;
  Value value;
  Show show = {};
};

using Record = std::vector<Field>;

// Null where the record has no such field.
const Field* find_field(const Record& record, std::string_view name);

// The parts one after the other.
Record joined(Record first, Record second);

}  // namespace rattan::bench
