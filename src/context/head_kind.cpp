#include "context/head_kind.h"

#include "core/check.h"
#include "index/choose_kind.h"
#include "index/registry.h"

namespace rattan {

const IndexKind* find_kind(HeadKind kind) noexcept { return find_head_kind(static_cast<std::uint32_t>(kind)); }

std::string_view to_string(HeadKind kind) noexcept {
  const IndexKind* const row = find_kind(kind);
  return row == nullptr ? "auto" : row->name;
}

HeadKind parse_head_kind(std::string_view name, std::string_view parameter) {
  std::string allowed;
  for (std::uint32_t number = 0; number <= last_head_kind(); ++number) {
    const auto kind = static_cast<HeadKind>(number);
    if (to_string(kind) == name) return kind;
    if (number != 0) allowed += number == last_head_kind() ? " or " : ", ";
    allowed += to_string(kind);
  }
  fail(ErrorCode::invalid_argument, parameter, " is \"", name, "\", allowed is ", allowed);
}

std::vector<const IndexKind*> allowed_kinds(HeadKind asked, bool with_links) {
  std::vector<const IndexKind*> kinds = contenders(with_links);
  if (asked == HeadKind::automatic) return kinds;
  const IndexKind* const row = find_kind(asked);
  if (row->exact) return {row};
  if (!row->needs_links || with_links) return {kinds.front(), row};
  kinds.resize(2);
  return kinds;
}

std::string names_of_linked(HeadKind asked) {
  std::string names;
  for (const IndexKind* const kind : allowed_kinds(asked, true)) {
    if (!kind->needs_links) continue;
    if (!names.empty()) names += " or ";
    names += kind->name;
  }
  return names;
}

}  // namespace rattan
