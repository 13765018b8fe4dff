// Files that were damaged, and files of a writer that lies with correct checksums (FAULTS A1-A18, R5-R7).
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/random.h"
#include "kinds.h"
#include "storage/container.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t rows = 24;
constexpr std::size_t dim = 3;

class DamagedFiles : public EveryKind {
 protected:
  DamagedFiles() {
    GetParam().build(keys_, Metric::inner_product, &serial_executor())->save(path_);
    whole_ = read_file(path_);
  }

  // True if the file is refused with an Error; anything else that is thrown fails the test.
  bool refused(const std::string& bytes) {
    write_file(path_, bytes);
    return throws([&] { opened_ = open_index(path_, keys_); });
  }

  // The same for the container alone, without a file: what open_index does first.
  static bool container_refused(const std::string& bytes) {
    return throws([&] { Container::parse(as_bytes(bytes)); });
  }

  template <typename Call>
  static bool throws(const Call& call) {
    try {
      call();
    } catch (const Error&) {
      return true;
    }
    return false;
  }

  static std::vector<std::byte> as_bytes(const std::string& text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
  }

  SharedMatrix keys_ = random_matrix(rows, dim, 1);
  SharedMatrix queries_ = random_matrix(4, dim, 2);
  TempDirectory directory_;
  std::filesystem::path path_ = directory_ / "saved";
  std::string whole_;
  std::unique_ptr<Index> opened_;
};

TEST_P(DamagedFiles, TheWholeFileOpens) { EXPECT_FALSE(refused(whole_)); }

// FAULTS A15: every byte is under a checksum.
TEST_P(DamagedFiles, A15_EveryFlippedBitIsRefused) {
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < 8 * whole_.size(); ++bit) {
    std::string bytes = whole_;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    accepted += container_refused(bytes) && (bit % 61 != 0 || refused(bytes)) ? 0 : 1;
  }
  EXPECT_EQ(accepted, 0U) << "of " << 8 * whole_.size();
}

// FAULTS A4.
TEST_P(DamagedFiles, A4_EveryTruncationAndEveryAddedByteIsRefused) {
  for (std::size_t size = 0; size < whole_.size(); ++size) {
    EXPECT_TRUE(container_refused(whole_.substr(0, size)) && (size % 61 != 0 || refused(whole_.substr(0, size))))
        << size;
  }
  for (std::size_t more = 1; more <= 64; ++more) EXPECT_TRUE(refused(whole_ + std::string(more, '\0'))) << more;
}

// The section table of a file that is known to be whole: name -> content, in order.
std::vector<std::pair<std::string, std::vector<std::byte>>> sections_of(const std::string& file) {
  std::uint32_t count = 0;
  std::memcpy(&count, file.data() + 48, sizeof count);
  const auto* begin = reinterpret_cast<const std::byte*>(file.data());
  const Container container = Container::parse({begin, begin + file.size()});
  std::vector<std::pair<std::string, std::vector<std::byte>>> sections;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string name(file.data() + 56 + std::size_t{32} * i);
    ByteReader reader = container.section(name);
    const auto content = reader.take(reader.remaining(), "content");
    sections.emplace_back(name, std::vector<std::byte>(content.begin(), content.end()));
  }
  return sections;
}

// FAULTS A10: of the sections of an index none is optional.
TEST_P(DamagedFiles, A10_AFileWithoutOneOfItsSectionsIsRefused) {
  const auto sections = sections_of(whole_);
  for (std::size_t missing = 0; missing < sections.size(); ++missing) {
    ContainerWriter writer(GetParam().name);
    for (std::size_t i = 0; i < sections.size(); ++i) {
      if (i != missing) writer.add(sections[i].first, sections[i].second);
    }
    const std::vector<std::byte> bytes = writer.bytes();
    EXPECT_TRUE(refused({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) << sections[missing].first;
  }
}

// One to three changes of the kinds that break readers: odd bytes, huge and tiny numbers, missing and added bytes.
void damage(std::vector<std::byte>& content, std::uint64_t seed) {
  const std::uint64_t changes = 1 + random_below(seed, 0, 3);
  for (std::uint64_t change = 0; change < changes; ++change) {
    const std::uint64_t draw = 10 * (change + 1);
    const std::uint64_t what = random_below(seed, draw, 6);
    if (what == 0) {
      content.resize(content.size() + 1 + random_below(seed, draw + 1, 8));
    } else if (content.empty()) {
      continue;
    } else if (what == 1) {
      content.resize(content.size() - 1 - random_below(seed, draw + 1, std::min<std::size_t>(content.size(), 8)));
    } else if (what == 2) {
      content[random_below(seed, draw + 1, content.size())] = static_cast<std::byte>(random_below(seed, draw + 2, 256));
    } else if (content.size() >= 4) {
      const std::uint32_t numbers[] = {0, 1, rows - 1, rows, 0x7fffffffU, 0xffffffffU, 0x80000000U, 2};
      const std::size_t at = 4 * random_below(seed, draw + 1, content.size() / 4);
      std::memcpy(content.data() + at, &numbers[random_below(seed, draw + 2, 8)], 4);
    }
  }
}

// FAULTS R7: a correct checksum proves nothing about structure. Refusal, or an index whose answers are in
// range.
TEST_P(DamagedFiles, A1_A18_ALyingWriterIsRefusedOrHarmless) {
  const auto sections = sections_of(whole_);
  std::size_t refusals = 0;
  constexpr std::uint64_t lies = 800;
  for (std::uint64_t lie = 0; lie < lies; ++lie) {
    ContainerWriter writer(GetParam().name);
    const std::size_t victim = random_below(99, lie, sections.size());
    for (std::size_t i = 0; i < sections.size(); ++i) {
      std::vector<std::byte> content = sections[i].second;
      if (i == victim) damage(content, lie);
      writer.add(sections[i].first, std::move(content));
    }
    const std::vector<std::byte> bytes = writer.bytes();
    if (refused(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()))) {
      ++refusals;
      continue;
    }
    const NeighborTable found = opened_->search(queries_.view, widest(5, 4));
    expect_valid(found, *opened_, queries_.view, widest(5, 4));
  }
  EXPECT_GT(refusals, lies / 4);
}

RATTAN_FOR_EVERY_KIND(DamagedFiles);

}  // namespace
}  // namespace rattan::test
