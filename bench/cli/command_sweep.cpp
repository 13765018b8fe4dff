#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/cli/output.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/sweep.h"
#include "bench/report/html_report.h"
#include "bench/report/sweep_records.h"
#include "bench/report/sweep_table.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct SweepFlags {
  DataSelection data;
  SweepOptions options;
  RunFlags run;
  std::string indexes = "flat,ivf,hnsw,graph";
  std::vector<double> targets = {0.90, 0.95, 0.99};
  std::string latency = "on";
  std::string report;
  std::string resume;
};

// Variants that this build can make; a note for each that it cannot.
std::vector<Variant> usable_variants(const std::string& list, std::vector<std::string>& notes) {
  std::vector<Variant> usable;
  for (const Variant& variant : parse_variants(list)) {
    if (is_available(variant)) {
      usable.push_back(variant);
    } else {
      notes.push_back(std::string(variant.name) + " left out: this build of the library does not have it.");
    }
  }
  if (usable.empty()) throw UsageError("--index names nothing that this build has: " + join(notes, " "));
  return usable;
}

// Lines that a kill cut short are cut off: what comes behind them would be lost with them.
ReportData resumed(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(ErrorCode::not_found, "--resume ", path, " cannot be read");
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  if (text.size() < std::filesystem::file_size(path)) std::filesystem::resize_file(path, text.size());
  std::istringstream lines(text);
  return read_measured(lines, path);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return !a.empty() && !b.empty() && std::filesystem::equivalent(a, b, error);
}

void set_options(SweepFlags& flags, std::vector<std::string>& notes) {
  SweepOptions& options = flags.options;
  options.variants = usable_variants(flags.indexes, notes);
  options.targets = flags.targets;
  std::sort(options.targets.begin(), options.targets.end());
  options.targets.erase(std::unique(options.targets.begin(), options.targets.end()), options.targets.end());
  options.build.auto_recalls = options.targets;
  options.threads = flags.run.threads;
  options.seed = flags.run.seed;
  options.ood = !flags.report.empty() || flags.run.format == "json" || flags.run.format == "jsonl";
  if (flags.latency == "off") options.latency_steps = 0;
}

// A line of a row stands as soon as the row is measured.
void print_part(const ReportData& part) {
  write_jsonl_parts(std::cout, part);
  std::cout.flush();
  if (!std::cout) fail(ErrorCode::io, "writing rows failed");
}

void check_flags(const SweepFlags& flags, const CLI::App& app) {
  if (flags.latency == "off") refuse_unused(app, {"--repeats"}, "--latency on");
  std::vector<std::string_view> kinds;
  for (const Variant& variant : parse_variants(flags.indexes)) kinds.push_back(variant.build.name);
  refuse_unused_build_flags(app, kinds);
}

void run_sweep_command(SweepFlags& flags, const CLI::App& app) {
  check_flags(flags, app);
  std::vector<std::string> notes;
  set_options(flags, notes);
  SweepHooks hooks;
  hooks.done = resumed(flags.resume);
  flags.run.append = flags.run.format == "jsonl" && same_file(flags.run.file, flags.resume);
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  const bool lines = run.format == Format::jsonl;
  const std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
  if (!flags.report.empty()) check_writable("--report", flags.report);
  if (lines) {
    hooks.on_part = print_part;
    print_part({.command = command_line(), .notes = {}, .rows = {}, .points = {}, .ood = {}});
    if (!flags.run.append) print_part(hooks.done);
  }
  ReportData data = [&] {
    Progress progress;
    return run_sweep(heads, flags.options, progress, std::move(hooks));
  }();
  data.command = command_line();
  data.notes.insert(data.notes.end(), notes.begin(), notes.end());
  if (lines) {
    write_jsonl_end(std::cout, data);
  } else {
    write_report(std::cout, run.format, data);
  }
  if (!flags.report.empty() && !data.rows.empty()) {
    std::ostringstream page;
    write_html(page, data);
    replace_file("--report", flags.report, page.str());
  }
  stop_if_asked();
}

}  // namespace

Action configure_sweep(CLI::App& app) {
  const auto flags = std::make_shared<SweepFlags>();
  SweepOptions& options = flags->options;
  std::string index_help = "comma-separated:";
  for (const Variant& variant : variants()) {
    index_help += "\n  " + std::string(variant.name) + ": " + std::string(variant.meaning);
  }
  add_data_flags(app, flags->data);
  app.add_option("--index", flags->indexes, index_help)->type_name("LIST")->capture_default_str();
  add_k_flag(app, options.problem);
  app.add_option("--recall", flags->targets, "recall targets, default 0.90,0.95,0.99")
      ->delimiter(',')
      ->check(CLI::Range(0.01, 1.0))
      ->type_name("LIST");
  add_problem_flags(app, options.problem);
  const std::string group = "Measurement";
  app.add_option("--expansions", options.expansions,
                 "graph: limits on expansions to try, as multiples of the beam width; 0: none")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("LIST")
      ->group(group);
  app.add_option("--start-keys", options.start_keys_per_head,
                 "variants with start keys: best results per head of the last step that start the next; 0: all")
      ->capture_default_str()
      ->group(group);
  app.add_option("--quality-steps", options.quality_steps, "decode steps behind mass and output error; 0: not measured")
      ->capture_default_str()
      ->group(group);
  app.add_option("--latency", flags->latency, "on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--latency-steps", options.latency_steps, "timed steps per row")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str()
      ->group(group);
  add_build_flags(app, options.build);
  add_run_flags(app, flags->run);
  add_repeats_flag(app, options.repeats);
  app.add_option(
         "--resume", flags->resume,
         "what sweep --format jsonl wrote before it ended: rows that it has are not measured again; with the same "
         "file as -o the others come behind them")
      ->check(CLI::ExistingFile)
      ->type_name("FILE.jsonl");
  app.add_option("--report", flags->report, "also write one self-contained HTML page")->type_name("FILE.html");
  return [flags, &app] { run_sweep_command(*flags, app); };
}

}  // namespace rattan::bench
