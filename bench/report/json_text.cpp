#include "bench/report/json_text.h"

#include "bench/inputs/text.h"

namespace rattan::bench {
namespace {

Json json_of(std::monostate /*nothing*/) { return nullptr; }

template <typename T>
Json json_of(const T& value) {
  return value;
}

template <typename T>
Json json_of(const std::vector<std::pair<std::string, T>>& named) {
  Json object = Json::object();
  for (const auto& [name, value] : named) object[name] = to_json(Value(value));
  return object;
}

std::string leaf_text(const Json& json) {
  if (json.is_null()) return "";
  return json.is_string() ? json.get<std::string>() : json.dump();
}

}  // namespace

Json to_json(const Value& value) {
  return std::visit([](const auto& held) { return json_of(held); }, value.any());
}

Json to_json(const Record& record) {
  Json object = Json::object();
  for (const Field& field : record) object[field.name] = to_json(field.value);
  return object;
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string to_indented_text(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace); }

std::string plain_text(const Value& value) {
  const Json json = to_json(value);
  if (!json.is_structured()) return leaf_text(json);
  std::vector<std::string> parts;
  for (const auto& [name, member] : json.items()) {
    parts.push_back((json.is_object() ? name + "=" : std::string()) + leaf_text(member));
  }
  return join(parts, ";");
}

}  // namespace rattan::bench
