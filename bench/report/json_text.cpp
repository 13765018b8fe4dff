#include "bench/report/json_text.h"

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

}  // namespace rattan::bench
