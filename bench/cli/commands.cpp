#include "bench/cli/commands.h"

#include <exception>
#include <iostream>
#include <map>
#include <vector>

#include "bench/cli/completion.h"
#include "bench/cli/output.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/run_record.h"
#include "rattan/types.h"

namespace rattan::bench {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_stopped = 130;  // as shells say of SIGINT

constexpr Command all_commands[] = {
    {"sweep", "recall against keys read: the cheapest setting of each index that reaches each recall",
     "rattan-bench sweep --embedded --index flat,ivf,hnsw,graph --recall 0.90,0.95", configure_sweep},
    {"info", "statistics of attention heads, or what an index file holds", "rattan-bench info --synth n=4096,heads=1",
     configure_info},
    {"synth", "writes synthetic heads as a dump",
     "rattan-bench synth --synth n=4096,heads=2,seed=7 -o /tmp/rattan-dump", configure_synth},
    {"truth", "writes the exact top-k keys of the decode queries as ibin and fbin",
     "rattan-bench truth --embedded --k 10 -o /tmp/rattan-truth", configure_truth},
    {"build", "builds one index and saves it", "rattan-bench build --embedded --index graph -o /tmp/graph.rattan",
     configure_build},
    {"search", "asks a saved index at given widths",
     "rattan-bench search --embedded --index-file /tmp/graph.rattan --width 100,200", configure_search},
    {"latency", "time of one step at chosen recalls, caches cold by cycling through resident KV heads",
     "rattan-bench latency --embedded --index flat,graph --recall 0.95 --resident 4 --rounds 2", configure_latency},
    {"decode", "time of attention per layer of a model and how it grows with the number of keys",
     "rattan-bench decode --synth n=16384,d=128,group=4,heads=2,dtype=bf16 --depth 4 --rounds 2", configure_decode},
    {"batch", "throughput of many sequences: one call for all of them against one after another",
     "rattan-bench batch --synth n=4096,d=128,group=4,heads=2,dtype=bf16 --sequences 4 --rounds 2", configure_batch},
    {"grow", "what appended keys cost, and what searches find behind them",
     "rattan-bench grow --synth n=4096,heads=1,decode=1536 --append 1024 --segment 256", configure_grow},
    {"attend", "attention mass and output error of the top k keys",
     "rattan-bench attend --embedded --k 10,100 --index exact", configure_attend},
    {"completion", "prints a script by which bash, or zsh with bashcompinit, completes commands and flags",
     "rattan-bench completion > rattan-bench.bash", configure_completion},
    {"report", "draws the HTML page of saved sweep rows", "rattan-bench report rows.jsonl -o rows.html",
     configure_report},
};

std::string& stored_command_line() {
  static std::string text;
  return text;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// A flag's name in the other commands, or before.
std::string other_name(const std::string& command, const std::string& word) {
  if (word == "--kind") return command == "attend" ? "--context-index" : "--index";
  if (word == "--way") return "--index";
  if (word == "--beam" || word == "--probes") return "--width";
  return "";
}

// The flag or command that was probably meant by each word that is none.
void suggest(const std::string& command, const std::vector<std::string>& words, const std::vector<std::string>& known) {
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    const std::string other = other_name(command, name);
    const std::string meant = std::ranges::count(known, other) != 0 ? other : nearest_word(name, known);
    if (!meant.empty() && meant != name) std::cerr << "did you mean " << meant << " instead of " << name << "?\n";
  }
}

int report_parse_error(CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  if (error.get_exit_code() == 0) return app.exit(error, std::cout, std::cerr);
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const CLI::App& scope = chosen.empty() ? app : *chosen.front();
  // CLI11 sees a missing command before it sees a wrong one.
  const bool wrong_command = chosen.empty() && !words.empty() && !words.front().starts_with('-');
  std::cerr << "rattan-bench: " << (wrong_command ? "\"" + words.front() + "\" is no command" : error.what()) << '\n';
  if (wrong_command) suggest("", {words.front()}, flag_names(scope));
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) suggest(scope.get_name(), words, flag_names(scope));
  std::cerr << "try: rattan-bench " << (chosen.empty() ? "" : scope.get_name() + " ") << "--help\n";
  return exit_usage;
}

// CLI11 lets NaN through every range, and -1 wraps around where a flag is unsigned. Paths may be called anything.
void check_numbers(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string type = option->get_type_name();
    const auto names = [&](const char* part) { return type.find(part) != std::string::npos; };
    if (names("PATH") || names("FILE") || names("DIR") || names("SPEC")) continue;
    for (std::string text : option->results()) {
      std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
      const std::string digits = text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
      if (digits.starts_with("nan") || digits.starts_with("inf")) {
        throw UsageError(option->get_name() + " is \"" + text + "\", allowed are numbers");
      }
      if (text.starts_with('-') && digits.find_first_not_of("0123456789.") == std::string::npos && !digits.empty()) {
        throw UsageError(option->get_name() + " is \"" + text + "\", allowed are numbers of 0 or more");
      }
    }
  }
}

int run_action(const Action& action) {
  try {
    action();
    finish_output();
    std::cout.flush();
    if (!std::cout) throw Error(ErrorCode::io, "writing to stdout failed");
    return 0;
  } catch (const Stopped&) {
    finish_output();
    std::cout.flush();
    return exit_stopped;
  } catch (const UsageError& error) {
    drop_output();
    std::cerr << "rattan-bench: " << error.what() << '\n';
    return exit_usage;
  } catch (const std::exception& error) {
    drop_output();
    std::cerr << "rattan-bench: " << error.what() << '\n';
    return exit_failed;
  }
}

}  // namespace

Action configure_completion(CLI::App& app) {
  return [&app] { std::cout << completion_script(*app.get_parent()); };
}

std::span<const Command> commands() { return all_commands; }

const std::string& command_line() { return stored_command_line(); }

int run(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  stored_command_line() = join({"rattan-bench", join(words, " ")}, " ");
  CLI::App app("Rattan: recall against keys read, for attention heads", "rattan-bench");
  app.require_subcommand(1);
  const RunRecord here = run_record();
  app.set_version_flag("-V,--version", "rattan-bench " + here.version + " (" + here.commit + ")");
  app.set_config("--config", "", "file of flags: below a line [sweep] a line k=10 is --k 10 of sweep")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.allow_config_extras(false);
  std::map<const CLI::App*, Action> actions;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.purpose);
    sub->fallthrough();  // of --config and --version
    sub->footer(std::string("Example:\n  ") + command.example);
    actions[sub] = command.configure(*sub);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error, words);
  }
  const CLI::App* const chosen = app.get_subcommands().front();
  return run_action([&] {
    check_numbers(*chosen);
    actions.at(chosen)();
  });
}

}  // namespace rattan::bench
