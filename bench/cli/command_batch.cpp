#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/context/batch_run.h"
#include "bench/context/context_inputs.h"
#include "bench/inputs/text.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/progress.h"
#include "bench/measure/repeats.h"
#include "bench/report/record.h"
#include "bench/report/run_fields.h"
#include "bench/report/writers.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct BatchFlags {
  DataSelection data;
  StackOptions stack;
  ContextParams context;
  RunFlags run;
  std::string kind = "auto";
  std::string exact = "cpu";
  std::size_t rounds = 6;
  std::size_t repeats = 1;
  double memory_gb = 8;
};

// A way to decode, and whether one call steps all sequences.
struct Way {
  std::string name;
  std::string call;
  double build_s = 0;  // of a KV head
};

std::vector<Record> make_records(const BatchFlags& flags, const LayerStack& stack, const Run& run,
                                 const std::vector<Way>& ways, const std::vector<BatchTimes>& last,
                                 const std::vector<RepeatedTime>& times) {
  std::vector<Record> records;
  const auto sequences = static_cast<double>(stack.layers().size());
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const double us = times[i].p50;
    Record record = {
        {"way", ways[i].name, show_text("way")},
        {"call", ways[i].call, show_text("call")},
        {"sequences", stack.layers().size(), show_fixed("sequences", 0)},
        {"sequences_distinct", stack.originals()},
        {"keys", stack.tokens(), show_fixed("keys", 0)},
        {"dim", stack.dim()},
        {"dtype", to_string(stack.dtype())},
        {"query_heads", stack.query_heads()},
        {"kv_heads", stack.kv_heads()},
        {"k", flags.context.budget.k},
        {"ms_p50", us / 1000, show_mean("ms", 2, us / 1000, times[i].p50_deviation / 1000)},
        {"ms_p50_deviation", times[i].p50_deviation / 1000},
        {"ms_p99", times[i].p99 / 1000, show_fixed("ms p99", 2)},
        {"timed", times[i].timed},
        {"repeats", times[i].repeats},
        {"tokens_per_second", sequences / us * 1e6, show_fixed("tokens/s", 0)},
        {"times_faster_than_full", times[0].p50 / us, show_fixed("x full loop", 2)},
        {"output_error", last[i].output_error, show_fixed("out err", 4)},
        {"build_s", ways[i].build_s, show_fixed("build s", 1)},
        {"resident_bytes", stack.bytes()},
    };
    records.push_back(joined(std::move(record), to_record(run.record)));
  }
  return records;
}

std::vector<Record> measure_batch(const BatchFlags& flags, const ExactTopK& exact, const Run& run, Progress& progress) {
  const std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
  progress.show(heads.front().source + ": loading");
  const LayerStack stack(heads, flags.stack);
  ContextParams params = flags.context;
  params.softmax_scale = stack.softmax_scale();
  params.executor = run.executor.get();
  if (links_on_gpu(flags.exact, stack.groups(0).front(), flags.stack.keys_as, flags.stack.queries_as))
    params.exact = &exact;
  std::vector<std::vector<std::unique_ptr<Context>>> sequences;
  std::vector<Way> ways;
  std::vector<BatchStep> steps;
  for (const std::string& name : {std::string("full"), flags.kind}) {
    stop_if_asked();
    progress.show(message(stack.layers().size(), " sequences: ", name));
    params.kind = head_kind(name);
    BuildStats stats;
    sequences.push_back(build_sequences(stack, params, stats));
    const double build_s = stats.seconds() / static_cast<double>(stack.originals() * stack.kv_heads());
    ways.push_back({name, "loop", build_s});
    steps.push_back(step_in_a_loop(stack, sequences.back(), params.budget));
    ways.push_back({name, "batch", build_s});
    steps.push_back(step_in_a_batch(stack, sequences.back(), params.budget, *run.executor));
  }
  ways.push_back({"flat", "batch", 0});
  steps.push_back(step_flat(stack, params, *run.executor));
  progress.show(message(stack.layers().size(), " sequences: timing"));
  std::vector<BatchTimes> last;
  const std::vector<RepeatedTime> times = repeat_timing(flags.repeats, [&] {
    last = time_batches(stack, steps, flags.rounds);
    std::vector<std::vector<double>> once;
    for (const BatchTimes& way : last) once.push_back(way.microseconds);
    return once;
  });
  return make_records(flags, stack, run, ways, last, times);
}

void write_legend(std::ostream& out, const BatchFlags& flags, const Run& run) {
  out << "\nms: one step of one layer of all sequences. full: attention to every key. flat: one exact pass over the\n"
         "keys for all query heads of a KV head, values of the best k = "
      << flags.context.budget.k
      << ". loop: a call for each sequence, whose KV\nheads share the threads. batch: one call, KV heads of all "
         "sequences share them. out err: |o - o'| / |o| against full.\n"
      << describe(run.record, "all of them") << '\n';
}

void run_batch(BatchFlags& flags) {
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  flags.stack.bytes = static_cast<std::uint64_t>(flags.memory_gb * 1e9);
  flags.context.seed = flags.run.seed;
  flags.context.capacity = std::size_t{1} << 17;
  const std::unique_ptr<ExactTopK> exact = make_exact(flags.exact, run.executor.get());
  std::vector<Record> records;
  {
    Progress progress;
    records = measure_batch(flags, *exact, run, progress);
  }
  write_records(std::cout, run.format, records);
  if (run.format == Format::markdown) write_legend(std::cout, flags, run);
  stop_if_asked();
}

}  // namespace

Action configure_batch(CLI::App& app) {
  const auto flags = std::make_shared<BatchFlags>();
  flags->stack.depth = 64;
  add_data_flags(app, flags->data);
  std::vector<std::string> kinds = searched_kinds();
  kinds.emplace_back("auto");
  app.add_option("--index", flags->kind, "kind of the heads: " + join(kinds, ", "))
      ->check(CLI::IsMember(kinds))
      ->capture_default_str();
  app.add_option("--sequences", flags->stack.depth, "contexts; too few in the data are copied")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  add_stack_flags(app, flags->stack, flags->memory_gb, flags->rounds, "sequence");
  add_repeats_flag(app, flags->repeats);
  add_retrieval_flags(app, flags->context);
  add_dtype_flags(app, flags->stack.keys_as, flags->stack.queries_as);
  add_exact_flag(app, flags->exact);
  add_run_flags(app, flags->run);
  return [flags] { run_batch(*flags); };
}

}  // namespace rattan::bench
