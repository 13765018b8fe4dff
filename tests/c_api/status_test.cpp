#include "c_api/status.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace rattan::c_api {
namespace {

rattan_status status_of(ErrorCode code) {
  return guarded([&] { throw Error(code, "made"); });
}

TEST(Status, EveryErrorCodeHasOne) {
  EXPECT_EQ(status_of(ErrorCode::invalid_argument), RATTAN_INVALID_ARGUMENT);
  EXPECT_EQ(status_of(ErrorCode::not_found), RATTAN_NOT_FOUND);
  EXPECT_EQ(status_of(ErrorCode::io), RATTAN_IO);
  EXPECT_EQ(status_of(ErrorCode::corrupt), RATTAN_CORRUPT);
  EXPECT_EQ(status_of(ErrorCode::version), RATTAN_VERSION_MISMATCH);
  EXPECT_EQ(status_of(ErrorCode::unsupported), RATTAN_UNSUPPORTED);
  EXPECT_EQ(status_of(ErrorCode::no_memory), RATTAN_NO_MEMORY);
  EXPECT_EQ(guarded([] {}), RATTAN_OK);
}

TEST(Status, NothingLeavesTheLibrary) {
  EXPECT_EQ(guarded([] { throw std::bad_alloc(); }), RATTAN_NO_MEMORY);
  EXPECT_EQ(guarded([] { throw std::runtime_error("made"); }), RATTAN_INTERNAL);
  EXPECT_EQ(guarded([] { throw 7; }), RATTAN_INTERNAL);
  EXPECT_EQ(guarded([] { static_cast<void>(std::filesystem::file_size("/nowhere/at/all")); }), RATTAN_IO);
}

TEST(Status, TheTextIsTheThreadsOwnAndStaysUntilItsNextFailure) {
  std::string before = "none";
  std::thread([&] { before = rattan_last_error(); }).join();
  EXPECT_EQ(before, "");
  EXPECT_EQ(guarded([] { throw Error(ErrorCode::io, "first"); }), RATTAN_IO);
  EXPECT_EQ(guarded([] {}), RATTAN_OK);
  EXPECT_STREQ(rattan_last_error(), "first");
  std::thread([] { static_cast<void>(guarded([] { throw Error(ErrorCode::io, "of another thread"); })); }).join();
  EXPECT_STREQ(rattan_last_error(), "first");
}

TEST(Status, LongTextsAreCut) {
  const std::string text(5000, 'x');
  EXPECT_EQ(guarded([&] { throw Error(ErrorCode::io, text); }), RATTAN_IO);
  EXPECT_EQ(std::string(rattan_last_error()), text.substr(0, 1023));
}

TEST(Status, MissingPointersAreNamed) {
  const int number = 3;
  EXPECT_EQ(required(&number, "number"), 3);
  EXPECT_EQ(guarded([] { required(static_cast<const int*>(nullptr), "number"); }), RATTAN_INVALID_ARGUMENT);
  EXPECT_NE(std::string(rattan_last_error()).find("number"), std::string::npos);
}

TEST(Status, VersionsAreNumbers) {
  EXPECT_EQ(rattan_c_api_version(), static_cast<std::uint32_t>(RATTAN_C_API_VERSION));
  EXPECT_EQ(std::string(rattan_version()).find_first_not_of("0123456789."), std::string::npos);
}

TEST(Status, HeadersLibraryAndBuildHaveOneVersion) {
  EXPECT_STREQ(RATTAN_VERSION, RATTAN_PROJECT_VERSION);
  EXPECT_STREQ(rattan_version(), RATTAN_VERSION);
  EXPECT_EQ(message(RATTAN_VERSION_MAJOR, '.', RATTAN_VERSION_MINOR, '.', RATTAN_VERSION_PATCH), RATTAN_VERSION);
}

}  // namespace
}  // namespace rattan::c_api
