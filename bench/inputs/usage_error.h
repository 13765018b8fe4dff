// A flag whose value cannot be used. The text names the flag, the value and what is allowed; the exit code is 2.
#pragma once

#include <stdexcept>
#include <string>

namespace rattan::bench {

class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace rattan::bench
