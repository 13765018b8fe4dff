// An HDF5 file, read by libhdf5 in a process of its own (FAULTS B8).
#include "datasets/hdf5.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"
#include "tests/support/hdf5_files.h"

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());  // NOLINT

namespace rattan::fuzz {
namespace {

// Of the process that reads, death is no finding: it says nothing and keeps no input, and where libhdf5 goes round for
// ever it ends at once instead of after the seconds that the library grants it.
void die_in_silence() {
  const itimerval soon{{0, 0}, {0, 20'000}};
  ::setitimer(ITIMER_PROF, &soon, nullptr);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(nullptr);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDERR_FILENO);
}

// With libhdf5 at work already: its beginning takes longer than all else that the process that reads does.
const ScratchFolder& folder() {
  static const ScratchFolder made;
  [[maybe_unused]] static const bool begun = test::write_hdf5(made.path() / "begun", "", {});
  [[maybe_unused]] static const int told = ::pthread_atfork(nullptr, nullptr, die_in_silence);
  return made;
}

void read(const std::filesystem::path& path) {
  const datasets::Hdf5Vectors vectors = datasets::read_hdf5(path);
  touch(vectors.train);
  touch(vectors.test);
  require(vectors.train.view.rows > 0 && vectors.test.view.rows > 0, "there are keys and queries");
  if (vectors.learn) touch(*vectors.learn);
  if (!vectors.neighbors) return;
  const datasets::IntegerRows& ids = *vectors.neighbors;
  require(ids.values.size() == ids.rows * ids.cols, "as many integers as the shape says");
}

}  // namespace

void run(std::span<const std::byte> input) {
  folder().write("file", input);
  accepted([&] { read(folder().path() / "file"); });
}

namespace {

// Rows of length 1, for distances that are angles.
std::vector<float> unit_rows(std::size_t rows, std::size_t cols) {
  return std::vector<float>(rows * cols, 1 / std::sqrt(static_cast<float>(cols)));
}

Bytes seed_of(const std::string& distance, const std::vector<test::Hdf5DataSet>& sets) {
  const std::filesystem::path path = folder().path() / "seed";
  require(test::write_hdf5(path, distance, sets), "a seed is written");
  const auto file = FileBytes::open(path);
  return {file->bytes().begin(), file->bytes().end()};
}

}  // namespace

// As ann-benchmarks and VIBE write them, one in chunks.
std::vector<Bytes> seeds() {
  const std::vector<std::int32_t> ids = {0, 1, 2, 1, 2, 3};
  const test::Hdf5DataSet train{.name = "train", .dims = {5, 4}, .floats = unit_rows(5, 4)};
  const test::Hdf5DataSet test{.name = "test", .dims = {2, 4}, .floats = unit_rows(2, 4)};
  const test::Hdf5DataSet learn{.name = "learn", .dims = {3, 4}, .floats = unit_rows(3, 4)};
  const test::Hdf5DataSet neighbors{.name = "neighbors", .dims = {2, 3}, .integers = ids};
  test::Hdf5DataSet packed = train;
  packed.packed = true;
  return {seed_of("", {train, test}), seed_of("angular", {train, test, neighbors}),
          seed_of("ip", {packed, test, learn, neighbors})};
}

}  // namespace rattan::fuzz
