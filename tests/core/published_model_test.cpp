// The protocol of core/published.h as a model: every interleaving of the atomic steps of a publisher and two readers.
// The steps are sequentially consistent, as the default orders of std::atomic are.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <set>
#include <vector>

namespace rattan {
namespace {

constexpr unsigned publications = 3;  // behind the first object, which is 0
constexpr unsigned pins = 2;          // of each reader, one after another

// How the protocol goes, and two ways in which it would be wrong.
enum class Protocol : std::uint8_t { as_it_is, reader_counts_late, publisher_looks_early };

struct Reader {
  unsigned step = 0;  // of the pin: count, load, use, uncount
  unsigned pin = 0;
  unsigned object = 0;
  auto operator<=>(const Reader&) const = default;
};

struct State {
  unsigned alive = 1;  // a bit for each object
  unsigned newest = 0;
  unsigned counted = 0;
  unsigned step = 0;  // of the publication: make, store, look, drop
  unsigned publication = 0;
  bool idle = false;
  std::array<Reader, 2> readers;
  bool broken = false;  // an object was used that is gone
  auto operator<=>(const State&) const = default;
};

void publish_step(State& state, Protocol protocol) {
  const unsigned made = state.publication + 1;
  const bool early = protocol == Protocol::publisher_looks_early;
  switch (state.step++) {
    case 0: state.alive |= 1U << made; break;
    case 1: early ? void(state.idle = state.counted == 0) : void(state.newest = made); break;
    case 2: early ? void(state.newest = made) : void(state.idle = state.counted == 0); break;
    default:
      if (state.idle) state.alive = 1U << made;
      state.step = 0;
      state.publication = made;
  }
}

void read_step(State& state, Reader& reader, Protocol protocol) {
  const bool late = protocol == Protocol::reader_counts_late;
  switch (reader.step++) {
    case 0: late ? void(reader.object = state.newest) : void(++state.counted); break;
    case 1: late ? void(++state.counted) : void(reader.object = state.newest); break;
    case 2: state.broken |= (state.alive & (1U << reader.object)) == 0; break;
    default: --state.counted; reader = {.pin = reader.pin + 1};
  }
}

struct Explored {
  std::size_t states = 0;
  bool broken = false;
  unsigned least_alive_at_end = ~0U;
};

Explored explore(Protocol protocol) {
  Explored found;
  std::set<State> seen;
  std::vector<State> open{State()};
  while (!open.empty()) {
    const State state = open.back();
    open.pop_back();
    if (!seen.insert(state).second) continue;
    found.broken |= state.broken;
    const std::size_t before = open.size();
    if (state.publication < publications) publish_step(open.emplace_back(state), protocol);
    for (std::size_t r = 0; r < state.readers.size(); ++r) {
      if (state.readers[r].pin == pins) continue;
      State& next = open.emplace_back(state);
      read_step(next, next.readers[r], protocol);
    }
    if (open.size() == before) found.least_alive_at_end = std::min(found.least_alive_at_end, state.alive);
  }
  found.states = seen.size();
  return found;
}

TEST(PublishedModel, F1_NoInterleavingLetsAReaderUseWhatIsGone) {
  const Explored found = explore(Protocol::as_it_is);
  EXPECT_FALSE(found.broken);
  EXPECT_GT(found.states, 5'000U);
  // There is an interleaving behind which the newest object alone is left.
  EXPECT_EQ(found.least_alive_at_end, 1U << publications);
}

TEST(PublishedModel, WrongProtocolsAreFound) {
  EXPECT_TRUE(explore(Protocol::reader_counts_late).broken);
  EXPECT_TRUE(explore(Protocol::publisher_looks_early).broken);
}

}  // namespace
}  // namespace rattan
