// Checks that something throws the right rattan::Error.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rattan/types.h"

namespace rattan::test {

// Fails the calling test unless `call()` throws Error(code) whose text contains `part` (the parameter's or file's
// name).
template <typename Call>
void expect_error(ErrorCode code, std::string_view part, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
        << "the text does not name \"" << part << "\": " << error.what();
    return;
  }
  ADD_FAILURE() << "nothing was thrown; expected " << to_string(code) << " naming \"" << part << "\"";
}

}  // namespace rattan::test
