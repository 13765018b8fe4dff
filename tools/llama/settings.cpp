#include "settings.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace rattan::llama {
namespace {

[[noreturn]] void refuse(const std::string& name, std::string_view value, std::string_view allowed) {
  throw Error(ErrorCode::invalid_argument,
              name + " is \"" + std::string(value) + "\", must be " + std::string(allowed));
}

// Reads variables one by one; what is not set stays as it is.
class Reader {
 public:
  explicit Reader(const Lookup& lookup) : lookup_(lookup) {}

  template <typename Integer>
  void integer(const char* suffix, Integer& value, std::uint64_t least, std::uint64_t most) const {
    std::uint64_t number = 0;
    if (!parsed(suffix, number)) return;
    if (number < least || number > most) {
      refuse(name(suffix), lookup_(name(suffix).c_str()), std::to_string(least) + " to " + std::to_string(most));
    }
    value = static_cast<Integer>(number);
  }

  void onoff(const char* suffix, bool& value) const {
    std::uint8_t number = value ? 1 : 0;
    integer(suffix, number, 0, 1);
    value = number != 0;
  }

  // Strictly between 0 and 1; 0 as well where zero_is_none.
  bool share(const char* suffix, double& value) const { return parsed(suffix, value); }

  const char* text(const char* suffix) const { return lookup_(name(suffix).c_str()); }

  static std::string name(const char* suffix) { return std::string("RATTAN_LLAMA_") + suffix; }

 private:
  template <typename Number>
  bool parsed(const char* suffix, Number& number) const {
    const char* value = text(suffix);
    if (value == nullptr) return false;
    const std::string_view all(value);
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), number);
    if (error != std::errc() || end != all.data() + all.size()) refuse(name(suffix), all, "a number");
    return true;
  }

  const Lookup& lookup_;
};

void read_context(const Reader& reader, ContextParams& params) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (const char* kind = reader.text("KIND")) params.kind = parse_head_kind(kind, Reader::name("KIND"));
  reader.integer("K", params.budget.k, 1, 1U << 20U);
  double epsilon = 0;
  if (reader.share("EPSILON", epsilon)) {
    if (epsilon != 0) params.budget.epsilon = epsilon;
  }
  if (params.budget.most_k < params.budget.k) params.budget.most_k = params.budget.k;
  reader.onoff("ESTIMATE", params.budget.estimate_unread);
  reader.integer("SINKS", params.sinks, 0, most);
  reader.integer("RECENT", params.recent, 0, most);
  reader.integer("CLUSTERS", params.clusters, 0, most);
  reader.share("RECALL", params.recall);
  params.background_build = true;
  reader.onoff("BACKGROUND", params.background_build);
  reader.integer("BUILD_THREADS", params.build_threads, 0, 1024);
}

}  // namespace

void Settings::validate() const { context.validate(); }

Settings read_settings(const Lookup& lookup) {
  Settings settings;
  const Reader reader(lookup);
  constexpr std::uint64_t many = std::uint64_t{1} << 40U;
  reader.onoff("ENABLED", settings.enabled);
  reader.integer("FROM", settings.first_tokens, 1, many);
  reader.integer("ROWS", settings.most_rows, 1, 64);
  reader.integer("QUERIES", settings.evidence_rows, 0, 1U << 20U);
  reader.integer("SEQUENCES", settings.most_sequences, 1, 4096);
  reader.onoff("STATS", settings.statistics);
  read_context(reader, settings.context);
  settings.context.kept_queries = static_cast<std::uint32_t>(settings.evidence_rows);
  settings.validate();
  return settings;
}

Settings environment_settings() {
  return read_settings([](const char* name) -> const char* { return std::getenv(name); });
}

}  // namespace rattan::llama
