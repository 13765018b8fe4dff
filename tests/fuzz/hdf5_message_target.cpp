// What the process that reads an HDF5 file may send when the file has taken it over (FAULTS B8).
#include "datasets/hdf5_message.h"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "storage/file_bytes.h"
#include "tests/fuzz/scratch_folder.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

constexpr std::uint64_t file_bytes = 40;  // of an HDF5 file: room for some 40,000 numbers

const ScratchFolder& folder() {
  static const ScratchFolder made;
  return made;
}

}  // namespace

void run(std::span<const std::byte> input) {
  folder().write("message", input);
  const int file = ::open((folder().path() / "message").c_str(), O_RDONLY | O_CLOEXEC);
  require(file >= 0, "a message is there");
  accepted([&] {
    const datasets::Hdf5Vectors vectors = datasets::receive_vectors(file, "a.hdf5", file_bytes);
    touch(vectors.train);
    touch(vectors.test);
    if (vectors.learn) touch(*vectors.learn);
    if (!vectors.neighbors) return;
    const datasets::IntegerRows& ids = *vectors.neighbors;
    require(ids.values.size() == ids.rows * ids.cols, "as many integers as the shape says");
  });
  ::close(file);
}

namespace {

template <typename Send>
Bytes message_of(const Send& send) {
  const std::filesystem::path path = folder().path() / "seed";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  require(file >= 0, "a seed is made");
  send(file);
  ::close(file);
  const auto written = FileBytes::open(path);
  return {written->bytes().begin(), written->bytes().end()};
}

}  // namespace

std::vector<Bytes> seeds() {
  static const std::vector<float> numbers(12, 1);
  datasets::Hdf5Vectors vectors;
  vectors.train = MatrixView(numbers.data(), DType::f32, 3, 4);
  vectors.test = MatrixView(numbers.data(), DType::f32, 2, 4);
  const auto send = [&](int file) { datasets::send_vectors(file, vectors); };
  std::vector<Bytes> all = {message_of(send)};
  vectors.learn = vectors.train;
  vectors.neighbors = datasets::IntegerRows{2, 3, {0, 1, 2, 2, 1, 0}};
  all.push_back(message_of(send));
  all.push_back(message_of([](int file) { datasets::send_error(file, ErrorCode::io, "no such thing"); }));
  return all;
}

}  // namespace rattan::fuzz
