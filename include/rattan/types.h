// The words everything else is made of: element types, metrics, key ids, id ranges and the one exception type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#pragma GCC visibility push(default)

namespace rattan {

// Element type of stored vectors. Values reach index files: never renumber.
enum class DType : std::uint8_t { f32 = 0, f16 = 1, bf16 = 2 };

// "Higher is closer": inner product as it is, L2 as the negated squared distance. Never renumber, as above.
enum class Metric : std::uint8_t { inner_product = 0, l2 = 1 };

// Row number of a key in the matrix the index was built on.
using KeyId = std::uint32_t;

// Filler for result slots that hold no key; its score is -infinity.
inline constexpr KeyId no_key = ~KeyId{0};

constexpr std::size_t dtype_size(DType dtype) noexcept { return dtype == DType::f32 ? 4 : 2; }  // bytes

// "f32", "f16", "bf16" / "inner_product", "l2".
const char* to_string(DType dtype) noexcept;
const char* to_string(Metric metric) noexcept;

// Half-open range of key ids [begin, end). The default holds every key.
struct IdRange {
  KeyId begin = 0;
  KeyId end = no_key;

  constexpr bool contains(KeyId id) const noexcept { return id >= begin && id < end; }
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

enum class ErrorCode : std::uint8_t {
  invalid_argument = 1,  // a parameter is outside what its documentation allows
  not_found = 2,         // a file or a name does not exist
  io = 3,                // the operating system refused a read or a write
  corrupt = 4,           // a file's content contradicts itself, its checksum or its size
  version = 5,           // a file was written by a newer format than this library reads
  unsupported = 6,       // the operation exists, but not in this build or for this kind
  no_memory = 7,         // an allocation failed, or a limit of the caller has no room
};

// "invalid_argument", "not_found", ...
const char* to_string(ErrorCode code) noexcept;

// The only exception Rattan throws on purpose. The text names the parameter, its value and what is allowed.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace rattan

#pragma GCC visibility pop
