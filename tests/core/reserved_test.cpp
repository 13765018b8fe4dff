#include "core/reserved.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "core/aligned.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

TEST(ReservedArray, IsZeroUntilItIsWrittenAndStaysWhereItIs) {
  ReservedArray<std::uint32_t> numbers(std::size_t{1} << 28);  // a gigabyte that nobody has to have
  EXPECT_EQ(numbers.capacity(), std::size_t{1} << 28);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % cache_line, 0U);
  const std::uint32_t* const first = numbers.data();
  for (std::size_t i = 0; i < numbers.capacity(); i += std::size_t{1} << 24) {
    EXPECT_EQ(numbers[i], 0U);
    numbers[i] = static_cast<std::uint32_t>(i + 1);
  }
  EXPECT_EQ(numbers[std::size_t{3} << 24], (3U << 24) + 1);
  EXPECT_EQ(numbers.data(), first);
}

TEST(ReservedArray, MovesWithItsMemory) {
  ReservedArray<char> from(100);
  from[7] = 'x';
  const char* const data = from.data();
  ReservedArray<char> to = std::move(from);
  EXPECT_EQ(to.data(), data);
  ReservedArray<char> other(5);
  other = std::move(to);
  EXPECT_EQ(other[7], 'x');
  EXPECT_EQ(other.capacity(), 100U);
}

TEST(ReservedArray, NoneIsNoMemory) {
  const ReservedArray<int> none;
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(none.capacity(), 0U);
  EXPECT_EQ(ReservedArray<int>(0).data(), nullptr);
}

TEST(ReservedArray, MoreThanThereIsIsAnError) {
  test::expect_error(ErrorCode::no_memory, "bytes", [] { ReservedArray<char>(std::size_t{1} << 62); });
  test::expect_error(ErrorCode::no_memory, "bytes",
                     [] { ReservedArray<int>(std::numeric_limits<std::size_t>::max() / 2); });
}

}  // namespace
}  // namespace rattan
