#include "datasets/synthetic_spec.h"

#include <array>
#include <charconv>
#include <set>

#include "core/check.h"

namespace rattan::datasets {
namespace {

constexpr std::string_view known_names = "n, d, group, heads, seed, decode, qstep, dtype, gap, sharpness";

template <typename Number>
Number parse_number(std::string_view name, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail(ErrorCode::invalid_argument, "synthetic: ", name, " is \"", text, "\", allowed is ",
         std::is_integral_v<Number> ? "a whole number without a sign" : "a number");
  }
  return value;
}

DType parse_dtype(std::string_view text) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    if (text == to_string(dtype)) return dtype;
  }
  fail(ErrorCode::invalid_argument, "synthetic: dtype is \"", text, "\", allowed is f32, f16 or bf16");
}

void set(SyntheticParams& params, std::string_view name, std::string_view value) {
  const auto whole = [&](std::size_t& field) { field = parse_number<std::size_t>(name, value); };
  const auto real = [&](double& field) { field = parse_number<double>(name, value); };
  if (name == "n") return whole(params.keys);
  if (name == "d") return whole(params.dim);
  if (name == "group") return whole(params.group);
  if (name == "heads") return whole(params.heads);
  if (name == "decode") return whole(params.decode);
  if (name == "qstep") return whole(params.query_step);
  if (name == "gap") return real(params.gap);
  if (name == "sharpness") return real(params.sharpness);
  if (name == "seed") {
    params.seed = parse_number<std::uint64_t>(name, value);
    return;
  }
  if (name == "dtype") {
    params.dtype = parse_dtype(value);
    return;
  }
  fail(ErrorCode::invalid_argument, "synthetic: \"", name, "\" is no dial, allowed are ", known_names);
}

// Shortest text that reads back as the same number.
std::string shortest(double value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

}  // namespace

void SyntheticParams::validate() const {
  check_range<std::size_t>("synthetic: n", keys, 1, std::size_t{1} << 30);
  check_range<std::size_t>("synthetic: d", dim, 2, 4096);
  if (dim % 2 != 0) fail(ErrorCode::invalid_argument, "synthetic: d is ", dim, ", allowed is an even number");
  check_range<std::size_t>("synthetic: group", group, 1, 1024);
  check_range<std::size_t>("synthetic: heads", heads, 1, 4096);
  check_range<std::size_t>("synthetic: decode", decode, 0, std::size_t{1} << 20);
  check_range<std::size_t>("synthetic: qstep", query_step, 1, std::size_t{1} << 20);
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    fail(ErrorCode::invalid_argument, "synthetic: dtype is ", static_cast<int>(dtype), ", allowed is f32, f16 or bf16");
  }
  // Written so that NaN fails as well.
  if (!(gap >= 0.1 && gap <= 10)) {
    fail(ErrorCode::invalid_argument, "synthetic: gap is ", gap, ", allowed is 0.1 to 10");
  }
  if (!(sharpness >= 0 && sharpness <= 10)) {
    fail(ErrorCode::invalid_argument, "synthetic: sharpness is ", sharpness, ", allowed is 0 to 10");
  }
}

SyntheticParams parse_synthetic(std::string_view spec) {
  SyntheticParams params;
  std::set<std::string_view> seen;
  while (!spec.empty()) {
    const std::size_t comma = spec.find(',');
    const std::string_view item = spec.substr(0, comma);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      fail(ErrorCode::invalid_argument, "synthetic: \"", item, "\" is no dial=value, dials are ", known_names);
    }
    const std::string_view name = item.substr(0, equals);
    if (!seen.insert(name).second) fail(ErrorCode::invalid_argument, "synthetic: ", name, " is given twice");
    set(params, name, item.substr(equals + 1));
    if (comma == std::string_view::npos) break;
    spec.remove_prefix(comma + 1);
    if (spec.empty()) fail(ErrorCode::invalid_argument, "synthetic: the spec ends in a comma");
  }
  params.validate();
  return params;
}

std::string to_string(const SyntheticParams& params) {
  return message("n=", params.keys, ",d=", params.dim, ",group=", params.group, ",heads=", params.heads,
                 ",seed=", params.seed, ",decode=", params.decode, ",qstep=", params.query_step,
                 ",dtype=", to_string(params.dtype), ",gap=", shortest(params.gap),
                 ",sharpness=", shortest(params.sharpness));
}

}  // namespace rattan::datasets
