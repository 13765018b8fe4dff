#include "storage/atomic_save.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan {
namespace {

namespace fs = std::filesystem;
using test::expect_error;

void save(const fs::path& path, const std::vector<std::string>& texts, FileCalls& calls = system_file_calls()) {
  std::vector<std::span<const std::byte>> pieces;
  pieces.reserve(texts.size());
  for (const std::string& text : texts) pieces.push_back(std::as_bytes(std::span(text)));
  atomic_save(path, pieces, calls);
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

// Lets `skip` calls through, then fails the next one (or, if persistent, all further ones) with `error`.
class FaultyCalls : public FileCalls {
 public:
  FaultyCalls(int skip, bool persistent, int error) : left_(skip), persistent_(persistent), error_(error) {}

  int create(const char* path, unsigned mode) override { return refuse() ? -1 : FileCalls::create(path, mode); }
  int open_directory(const char* path) override { return refuse() ? -1 : FileCalls::open_directory(path); }
  ssize_t write(int fd, const void* data, std::size_t size) override {
    // Never more than 5 bytes at once, so that there are many calls to fail and every write is short.
    return refuse() ? -1 : FileCalls::write(fd, data, std::min<std::size_t>(size, 5));
  }
  int sync(int fd) override { return refuse() ? -1 : FileCalls::sync(fd); }
  int close(int fd) override {
    const bool failed = refuse();
    const int result = FileCalls::close(fd);
    return failed ? -1 : result;
  }
  int rename(const char* from, const char* to) override {
    if (refuse()) return -1;
    renamed = true;
    return FileCalls::rename(from, to);
  }
  // Taking the temporary file back always works, so that what stays behind is the save's own fault.
  int remove(const char* path) override { return FileCalls::remove(path); }

  bool refused = false;
  bool renamed = false;

 private:
  bool refuse() {
    if (left_-- > 0 || (refused && !persistent_)) return false;
    refused = true;
    errno = error_;
    return true;
  }

  int left_;
  bool persistent_;
  int error_;
};

TEST(AtomicSave, WritesAllPiecesInOrder) {
  const test::TempDirectory directory;
  save(directory / "a", {"one ", "", "two ", std::string(3 << 20, 'x'), " three"});
  EXPECT_EQ(test::read_file(directory / "a"), "one two " + std::string(3 << 20, 'x') + " three");
  save(directory / "a", {});
  EXPECT_EQ(test::read_file(directory / "a"), "");
  EXPECT_EQ(entries(directory.path()), 1U);
}

// FAULTS G2 and R9: a disk that fills up, or any other refused call, at every place of a save.
TEST(AtomicSave, G2_AnyRefusedCallLeavesTheOldFileAndNoTemporary) {
  const std::vector<std::string> content{"the new content, ", "longer than a write"};
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    for (const bool persistent : {false, true}) {
      int skip = 0;
      for (;; ++skip) {
        ASSERT_LT(skip, 100);
        const test::TempDirectory directory;
        test::write_file(directory / "a", "the old content");
        FaultyCalls calls(skip, persistent, error);
        bool threw = false;
        try {
          save(directory / "a", content, calls);
        } catch (const Error& failure) {
          threw = true;
          EXPECT_EQ(failure.code(), ErrorCode::io);
          EXPECT_NE(std::string(failure.what()).find((directory / "a").string()), std::string::npos);
        }
        if (!calls.refused) break;
        EXPECT_EQ(test::read_file(directory / "a"), calls.renamed ? content[0] + content[1] : "the old content");
        EXPECT_EQ(entries(directory.path()), 1U) << "after failing call " << skip;
        // Only the close of the folder, after its sync, has nothing left to lose.
        EXPECT_TRUE(threw || calls.renamed);
      }
      EXPECT_GT(skip, 12) << "create, 8 writes, sync, close, rename, open, sync, close";
    }
  }
}

TEST(AtomicSave, InterruptedCallsAreRepeated) {
  constexpr int rename_call = 8;  // the one call that no signal interrupts
  for (int skip = 0; skip < 12; ++skip) {
    if (skip == rename_call) continue;
    const test::TempDirectory directory;
    FaultyCalls calls(skip, false, EINTR);
    save(directory / "a", {"some content of a file"}, calls);
    EXPECT_TRUE(calls.refused) << skip;
    EXPECT_EQ(test::read_file(directory / "a"), "some content of a file");
  }
}

TEST(AtomicSave, AWriteThatTakesNothingIsAnErrorNotALoop) {
  class Stuck : public FileCalls {
    ssize_t write(int, const void*, std::size_t) override { return 0; }
  };
  const test::TempDirectory directory;
  Stuck stuck;
  expect_error(ErrorCode::io, "write", [&] { save(directory / "a", {"x"}, stuck); });
  EXPECT_EQ(entries(directory.path()), 0U);
}

TEST(AtomicSave, OnlyRegularFilesAreReplaced) {
  const test::TempDirectory directory;
  expect_error(ErrorCode::not_found, "nowhere", [&] { save(directory / "nowhere/a", {"x"}); });
  expect_error(ErrorCode::io, "/dev/full", [&] { save("/dev/full", {"x"}); });
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  fs::create_directory(directory / "folder");
  expect_error(ErrorCode::io, "folder", [&] { save(directory / "folder", {"x"}); });
  expect_error(ErrorCode::io, "save failed", [&] { save("", {"x"}); });
  EXPECT_EQ(entries(directory.path()), 1U);
}

TEST(AtomicSave, FollowsALinkAndKeepsAFilePrivate) {
  const test::TempDirectory directory;
  fs::create_directory(directory / "far");
  test::write_file(directory / "far/a", "old");
  ASSERT_EQ(::chmod((directory / "far/a").c_str(), 0600), 0);
  fs::create_symlink("far/a", directory / "link");
  save(directory / "link", {"new"});
  EXPECT_TRUE(fs::is_symlink(directory / "link"));
  EXPECT_EQ(test::read_file(directory / "far/a"), "new");
  EXPECT_EQ(fs::status(directory / "far/a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(entries(directory / "far"), 1U);
}

TEST(AtomicSave, TakesABareFileName) {
  const test::TempDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  save("bare", {"x"});
  fs::current_path(before);
  EXPECT_EQ(test::read_file(directory / "bare"), "x");
}

// FAULTS F10.
TEST(AtomicSave, F10_SavesAtTheSameTimeEndInOneWholeFile) {
  const test::TempDirectory directory;
  const std::string texts[2] = {std::string(40'000, 'a'), std::string(60'000, 'b')};
  const auto work = [&](const std::string& text) {
    for (int i = 0; i < 50; ++i) save(directory / "a", {text});
  };
  save(directory / "a", {texts[0]});
  std::thread first(work, texts[0]);
  std::thread second(work, texts[1]);
  bool whole = true;
  for (int i = 0; i < 200; ++i) {
    const std::string seen = test::read_file(directory / "a");
    whole = whole && (seen == texts[0] || seen == texts[1]);
  }
  first.join();
  second.join();
  EXPECT_TRUE(whole);
  EXPECT_EQ(entries(directory.path()), 1U);
}

// FAULTS G1: killed at arbitrary moments, the file is whole every time.
TEST(AtomicSave, G1_AKilledSaveLeavesAWholeFile) {
  const test::TempDirectory directory;
  const std::string texts[2] = {std::string(300'000, 'a'), std::string(500'000, 'b')};
  save(directory / "a", {texts[0]});
  for (int round = 0; round < 30; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int i = 0;; ++i) save(directory / "a", {texts[i % 2]});
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 331 * round));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const std::string seen = test::read_file(directory / "a");
    EXPECT_TRUE(seen == texts[0] || seen == texts[1]) << "after kill " << round;
  }
}

}  // namespace
}  // namespace rattan
