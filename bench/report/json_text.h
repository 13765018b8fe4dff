// Values and records as JSON, and values as plain text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/report/record.h"

namespace rattan::bench {

using Json = nlohmann::ordered_json;

// Named numbers are an object. What was not measured is null.
Json to_json(const Value& value);
Json to_json(const Record& record);

// One line, or indented. Bytes that are no UTF-8 (paths may hold any) are replaced, never an error.
std::string to_text(const Json& json);
std::string to_indented_text(const Json& json);

// Text as it is, numbers as in JSON, named numbers as "name=value;name=value", numbers as "value;value"; empty where
// nothing was measured.
std::string plain_text(const Value& value);

}  // namespace rattan::bench
