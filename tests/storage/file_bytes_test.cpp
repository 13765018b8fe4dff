#include "storage/file_bytes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan {
namespace {

using test::expect_error;

class FileBytesTest : public testing::TestWithParam<Access> {
 protected:
  static std::string text(const FileBytes& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
  }
  test::TempDirectory directory_;
};

TEST_P(FileBytesTest, HoldsTheWholeFile) {
  const std::string content(100'003, 'x');
  test::write_file(directory_ / "a", content + "end");
  EXPECT_EQ(text(*FileBytes::open(directory_ / "a", GetParam())), content + "end");
}

// FAULTS A19.
TEST_P(FileBytesTest, A19_MissingFilesDirectoriesFifosAndEmptyFilesAreTypedErrors) {
  expect_error(ErrorCode::not_found, "missing", [&] { FileBytes::open(directory_ / "missing", GetParam()); });
  expect_error(ErrorCode::not_found, "missing/a", [&] { FileBytes::open(directory_ / "missing/a", GetParam()); });
  expect_error(ErrorCode::io, "directory", [&] { FileBytes::open(directory_.path(), GetParam()); });
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  expect_error(ErrorCode::io, "fifo", [&] { FileBytes::open(directory_ / "fifo", GetParam()); });
  expect_error(ErrorCode::io, "/dev/null", [&] { FileBytes::open("/dev/null", GetParam()); });
  test::write_file(directory_ / "empty", "");
  expect_error(ErrorCode::corrupt, "empty", [&] { FileBytes::open(directory_ / "empty", GetParam()); });
  test::write_file(directory_ / "file", "x");
  expect_error(ErrorCode::not_found, "file/a", [&] { FileBytes::open(directory_ / "file/a", GetParam()); });
  expect_error(ErrorCode::not_found, "", [&] { FileBytes::open("", GetParam()); });
}

TEST_P(FileBytesTest, UnreadableFilesAreIoErrors) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every file";
  test::write_file(directory_ / "secret", "x");
  ASSERT_EQ(::chmod((directory_ / "secret").c_str(), 0), 0);
  expect_error(ErrorCode::io, "secret", [&] { FileBytes::open(directory_ / "secret", GetParam()); });
}

TEST_P(FileBytesTest, BytesOutliveARemovedFile) {
  test::write_file(directory_ / "a", "content");
  const auto file = FileBytes::open(directory_ / "a", GetParam());
  std::filesystem::remove(directory_ / "a");
  EXPECT_EQ(text(*file), "content");
}

INSTANTIATE_TEST_SUITE_P(Access, FileBytesTest, testing::Values(Access::copy, Access::map),
                         [](const auto& access) { return access.param == Access::copy ? "copy" : "map"; });

// FAULTS G4: the default survives a file that shrinks under it.
TEST(FileBytes, G4_TheDefaultIsAPrivateCopy) {
  const test::TempDirectory directory;
  const std::string content(1 << 16, 'y');
  test::write_file(directory / "a", content);
  const auto file = FileBytes::open(directory / "a");
  ASSERT_EQ(::truncate((directory / "a").c_str(), 0), 0);
  EXPECT_EQ(file->bytes().size(), content.size());
  EXPECT_EQ(file->bytes().back(), std::byte{'y'});
}

}  // namespace
}  // namespace rattan
