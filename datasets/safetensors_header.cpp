#include "datasets/safetensors_header.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/check.h"

namespace rattan::datasets {
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_dimensions = 8;
constexpr std::string_view metadata_key = "__metadata__";

// Events of the JSON parser, checked against the one form a header may have. Deeper nesting than the form has ends the
// parse at once, and a key that comes twice is seen (a document object would keep the last one).
class Handler final : public nlohmann::json_sax<Json> {
 public:
  Handler(SafetensorsHeader& header, const std::string& file) : header_(header), file_(file) {}

  bool start_object(std::size_t) override {
    if (place_ == Place::start) return go(Place::top);
    if (place_ == Place::top) return go(key_ == metadata_key ? Place::metadata : Place::tensor);
    return refuse("an object");
  }

  bool key(std::string& name) override {
    key_ = name;
    if (place_ == Place::top) return top_key();
    if (place_ == Place::metadata && header_.metadata.contains(name)) {
      fail(ErrorCode::corrupt, file_, ": header: metadata key \"", name, "\" is there twice");
    }
    if (place_ == Place::tensor) return field_key();
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor && (seen_ != (field_type | field_shape | field_offsets))) {
      fail_with("one of dtype, shape, data_offsets is missing");
    }
    return go(place_ == Place::top ? Place::end : Place::top);
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || key_ == "dtype") return refuse("an array");
    return go(key_ == "shape" ? Place::shape : Place::offsets);
  }

  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2) fail_with("data_offsets needs two numbers");
    return go(Place::tensor);
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      header_.metadata.emplace(key_, std::move(value));
      return true;
    }
    if (place_ == Place::tensor && key_ == "dtype") return set_type(value);
    return refuse("a string");
  }

  bool number_unsigned(std::uint64_t value) override {
    HeaderEntry* const entry = header_.entries.empty() ? nullptr : &header_.entries.back();
    if (place_ == Place::shape) {
      if (entry->shape.size() == max_dimensions) fail_with("shape has more than 8 dimensions");
      entry->shape.push_back(value);
      return true;
    }
    if (place_ == Place::offsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry->begin : entry->end) = value;
      return true;
    }
    return refuse("a number");
  }

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_integer(std::int64_t) override { return refuse("a negative number"); }
  bool number_float(double, const std::string&) override { return refuse("a fraction or a number beyond 64 bits"); }
  bool binary(Json::binary_t&) override { return refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    fail(ErrorCode::corrupt, file_, ": header is not valid JSON at byte ", position);
  }

 private:
  enum class Place { start, top, metadata, tensor, shape, offsets, end };
  static constexpr unsigned field_type = 1;
  static constexpr unsigned field_shape = 2;
  static constexpr unsigned field_offsets = 4;

  bool go(Place place) {
    place_ = place;
    return true;
  }

  [[noreturn]] void fail_with(std::string_view what) const {
    fail(ErrorCode::corrupt, file_, ": header: tensor \"", header_.entries.back().name, "\": ", what);
  }

  [[noreturn]] bool refuse(std::string_view what) const {
    fail(ErrorCode::corrupt, file_, ": header: ", what, " is out of place at \"", key_, "\"");
  }

  bool top_key() {
    if (key_ == metadata_key) {
      if (std::exchange(metadata_seen_, true)) fail(ErrorCode::corrupt, file_, ": header has two __metadata__");
      return true;
    }
    header_.entries.push_back({key_, TensorType::f32, {}, 0, 0});
    seen_ = 0;
    offsets_ = 0;
    return true;
  }

  bool field_key() {
    const unsigned field = key_ == "dtype"          ? field_type
                           : key_ == "shape"        ? field_shape
                           : key_ == "data_offsets" ? field_offsets
                                                    : 0;
    if (field == 0 || (seen_ & field) != 0) fail_with("needs dtype, shape and data_offsets, each once");
    seen_ |= field;
    return true;
  }

  bool set_type(std::string_view text) {
    const std::optional<TensorType> type = tensor_type(text);
    if (!type) {
      fail(ErrorCode::unsupported, file_, ": tensor \"", header_.entries.back().name, "\" has the dtype \"", text,
           "\"");
    }
    header_.entries.back().type = *type;
    return true;
  }

  SafetensorsHeader& header_;
  const std::string& file_;
  Place place_ = Place::start;
  std::string key_;
  unsigned seen_ = 0;
  unsigned offsets_ = 0;
  bool metadata_seen_ = false;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& file) {
  if (!text.starts_with('{')) fail(ErrorCode::corrupt, file, ": header does not begin with '{'");
  // The JSON parser takes a NUL for the end of its input, and anything could hide behind it.
  if (text.find('\0') != std::string_view::npos) fail(ErrorCode::corrupt, file, ": header holds a NUL byte");
  SafetensorsHeader header;
  Handler handler(header, file);
  Json::sax_parse(text.begin(), text.end(), &handler);

  auto& entries = header.entries;
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                        [](const HeaderEntry& a, const HeaderEntry& b) { return a.name == b.name; });
  if (twice != entries.end()) fail(ErrorCode::corrupt, file, ": tensor \"", twice->name, "\" is there twice");
  return header;
}

}  // namespace rattan::datasets
