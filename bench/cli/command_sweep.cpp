#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/sweep.h"
#include "bench/report/html_report.h"
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

// Opened before the measurement, so that a wrong path does not cost the result.
std::ofstream open_report(const std::string& path) {
  std::ofstream file;
  if (path.empty()) return file;
  file.open(path);
  if (!file) fail(ErrorCode::io, "--report ", path, " cannot be written");
  return file;
}

void run_sweep_command(SweepFlags& flags) {
  const Run run = start_run(flags.run);
  std::vector<std::string> notes;
  SweepOptions& options = flags.options;
  options.variants = usable_variants(flags.indexes, notes);
  options.targets = flags.targets;
  std::sort(options.targets.begin(), options.targets.end());
  options.targets.erase(std::unique(options.targets.begin(), options.targets.end()), options.targets.end());
  options.threads = flags.run.threads;
  options.seed = flags.run.seed;
  options.ood = !flags.report.empty() || run.format == Format::json || run.format == Format::jsonl;
  if (flags.latency == "off") options.latency_steps = 0;
  const std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
  std::ofstream report = open_report(flags.report);
  ReportData data = [&] {
    Progress progress;
    return run_sweep(heads, options, progress);
  }();
  data.command = command_line();
  data.notes.insert(data.notes.end(), notes.begin(), notes.end());
  write_report(std::cout, run.format, data);
  if (!report.is_open()) return;
  write_html(report, data);
  report.close();
  if (!report) fail(ErrorCode::io, "--report ", flags.report, " could not be written in full");
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
  app.add_option("--report", flags->report, "also write one self-contained HTML page")->type_name("FILE.html");
  return [flags] { run_sweep_command(*flags); };
}

}  // namespace rattan::bench
