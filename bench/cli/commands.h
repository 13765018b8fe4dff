// The sub-commands: one function each that adds its flags and returns what runs them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

namespace rattan::bench {

// Prints its result to stdout; throws UsageError or Error, and Stopped where a signal ended it with what there was.
using Action = std::function<void()>;

struct Command {
  const char* name;
  const char* purpose;
  const char* example;  // a command line that works
  Action (*configure)(CLI::App& app);
};

Action configure_info(CLI::App& app);
Action configure_synth(CLI::App& app);
Action configure_truth(CLI::App& app);
Action configure_build(CLI::App& app);
Action configure_search(CLI::App& app);
Action configure_sweep(CLI::App& app);
Action configure_latency(CLI::App& app);
Action configure_decode(CLI::App& app);
Action configure_batch(CLI::App& app);
Action configure_grow(CLI::App& app);
Action configure_attend(CLI::App& app);
Action configure_report(CLI::App& app);
Action configure_completion(CLI::App& app);

std::span<const Command> commands();

// The command line as typed, for reports; set once by run().
const std::string& command_line();

// Parses and runs. 0: done, 1: it failed while running, 2: the command line is wrong, 130: a signal ended it and what
// was measured is written. Errors go to stderr.
int run(int argc, const char* const* argv);

}  // namespace rattan::bench
