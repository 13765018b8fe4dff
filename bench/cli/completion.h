// A script by which bash completes commands and flags; zsh through bashcompinit.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace rattan::bench {

// Of all commands of `app`, their flags, and the words that a flag allows.
std::string completion_script(const CLI::App& app);

}  // namespace rattan::bench
