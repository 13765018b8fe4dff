#include "datasets/hdf5_message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

class Hdf5Message : public testing::Test {
 protected:
  template <typename Send>
  std::string sent(const Send& send) const {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    send(file);
    ::close(file);
    return test::read_file(path_);
  }

  Hdf5Vectors received(const std::string& message, std::uint64_t file_bytes = 1000) const {
    test::write_file(path_, message);
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    try {
      Hdf5Vectors vectors = receive_vectors(file, "a.hdf5", file_bytes);
      ::close(file);
      return vectors;
    } catch (...) {
      ::close(file);
      throw;
    }
  }

  static Hdf5Vectors vectors() {
    Hdf5Vectors made;
    made.train = test::random_matrix(5, 4, 1);
    made.test = test::random_matrix(3, 4, 2);
    made.learn = test::random_matrix(2, 4, 3);
    made.neighbors = IntegerRows{3, 2, {0, 1, 2, 3, 4, 0}};
    return made;
  }

  test::TempDirectory directory_;
  std::filesystem::path path_ = directory_ / "message";
};

TEST_F(Hdf5Message, IsReceivedAsItWasSent) {
  const Hdf5Vectors all = received(sent([](int file) { send_vectors(file, vectors()); }));
  EXPECT_EQ(test::row_values(all.train.view, 4), test::row_values(vectors().train.view, 4));
  EXPECT_EQ(test::row_values(all.test.view, 2), test::row_values(vectors().test.view, 2));
  EXPECT_EQ(test::row_values(all.learn->view, 1), test::row_values(vectors().learn->view, 1));
  EXPECT_EQ(all.neighbors->values, vectors().neighbors->values);
  Hdf5Vectors two = vectors();
  two.learn.reset();
  two.neighbors.reset();
  const Hdf5Vectors least = received(sent([&](int file) { send_vectors(file, two); }));
  EXPECT_FALSE(least.learn || least.neighbors);
}

TEST_F(Hdf5Message, AnErrorIsThrown) {
  test::expect_error(ErrorCode::unsupported, "of angles",
                     [&] { received(sent([](int file) { send_error(file, ErrorCode::unsupported, "of angles"); })); });
  const std::string none = sent([](int file) { send_error(file, static_cast<ErrorCode>(99), "of angles"); });
  test::expect_error(ErrorCode::corrupt, "a.hdf5", [&] { received(none); });
  const std::string endless = sent([](int file) { send_error(file, ErrorCode::io, std::string(9000, 'x')); });
  EXPECT_LT(endless.size(), 5000U);
}

TEST_F(Hdf5Message, B8_OneThatBreaksOffIsAnError) {
  const std::string whole = sent([](int file) { send_vectors(file, vectors()); });
  for (std::size_t size = 0; size < whole.size(); ++size) {
    test::expect_error(ErrorCode::corrupt, "a.hdf5", [&] { received(whole.substr(0, size)); });
  }
}

TEST_F(Hdf5Message, B8_NoNumberIsTrusted) {
  const std::string whole = sent([](int file) { send_vectors(file, vectors()); });
  constexpr std::size_t text_size = 4;
  constexpr std::size_t rows = 12;
  constexpr std::size_t cols = 20;
  for (const std::uint64_t wrong : {std::uint64_t{0}, std::uint64_t{1} << 31U, ~std::uint64_t{0}}) {
    for (const std::size_t at : {text_size, rows, cols}) {
      std::string bent = whole;
      std::memcpy(bent.data() + at, &wrong, sizeof wrong);
      if (bent != whole) test::expect_error(ErrorCode::corrupt, "a.hdf5", [&] { received(bent); });
    }
  }
  // No keys at all, and more numbers than the file has room for.
  test::expect_error(ErrorCode::corrupt, "a.hdf5",
                     [&] { received(sent([](int file) { send_vectors(file, Hdf5Vectors()); })); });
  test::expect_error(ErrorCode::corrupt, "a.hdf5", [&] { received(whole, 0); });
}

}  // namespace
}  // namespace rattan::datasets
