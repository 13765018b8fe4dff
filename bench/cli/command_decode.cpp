#include <algorithm>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/context/context_inputs.h"
#include "bench/context/decode_run.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/measure/environment.h"
#include "bench/measure/latency.h"
#include "bench/measure/progress.h"
#include "bench/report/decode_table.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct DecodeFlags {
  DataSelection data;
  StackOptions stack;
  ContextParams context;
  RunFlags run;
  std::vector<std::string> ways;
  std::vector<std::string> estimates = {"off", "on"};
  std::size_t rounds = 6;
  std::size_t judged = 8;
  double memory_gb = 8;
  std::string exact = "cpu";
  std::string plot;
};

// One row of the table: a way to decode, and what it took.
struct Way {
  std::string name;
  std::string estimate;
  std::unique_ptr<LayerDecoder> decoder;
  double build_s = 0;
};

Budget budget_of(const DecodeFlags& flags, const std::string& estimate) {
  Budget budget = flags.context.budget;
  budget.estimate_unread = estimate == "on";
  return budget;
}

// The first is full attention: the others are judged by it.
std::vector<Way> make_ways(const DecodeFlags& flags, const LayerStack& stack, const ContextParams& asked,
                           Progress& progress) {
  std::vector<std::string> names = {"full"};
  for (const std::string& name : flags.ways) {
    if (name != "full") names.push_back(name);
  }
  std::vector<Way> ways;
  for (const std::string& name : names) {
    progress.show(message(stack.tokens(), " keys: ", name));
    if (name == "flat") {
      ways.push_back({name, "off", decode_flat(stack, asked, asked.budget.k)});
      continue;
    }
    ContextParams params = asked;
    params.kind = head_kind(name);
    BuildStats stats;
    const auto context = build_context(stack, params, stats);
    for (const std::string& estimate : name == "full" ? std::vector<std::string>{"off"} : flags.estimates) {
      ways.push_back({name, estimate, decode_by(context, budget_of(flags, estimate)),
                      stats.seconds() / static_cast<double>(stack.originals() * stack.kv_heads())});
    }
  }
  return ways;
}

Json to_record(const DecodeFlags& flags, const LayerStack& stack, const std::string& source, const Way& way,
               const std::vector<double>& times, const LayerCost& cost, double error) {
  return {{"way", way.name},
          {"estimate", way.estimate},
          {"kinds", way.decoder->kinds()},
          {"source", source},
          {"keys", stack.tokens()},
          {"dim", stack.dim()},
          {"dtype", to_string(stack.dtype())},
          {"query_heads", stack.query_heads()},
          {"kv_heads", stack.kv_heads()},
          {"layers", stack.layers().size()},
          {"layers_distinct", stack.originals()},
          {"k", flags.context.budget.k},
          {"us_p50", quantile(times, 0.5)},
          {"us_p99", quantile(times, 0.99)},
          {"timed", times.size()},
          {"keys_share", cost.keys / static_cast<double>(stack.tokens() * stack.kv_heads())},
          {"bytes", cost.bytes},
          {"output_error", error},
          {"build_s", way.build_s},
          {"resident_bytes", stack.bytes()},
          {"threads", 1},
          {"isa", environment().isa},
          {"cpu", environment().cpu},
          {"llc_bytes", environment().llc_bytes},
          {"commit", environment().commit},
          {"seed", flags.run.seed}};
}

void measure_stack(const DecodeFlags& flags, std::span<const HeadSource> heads, const ExactTopK& exact,
                   Executor& executor, Progress& progress, std::vector<Json>& records) {
  progress.show(heads.front().source + ": loading");
  const LayerStack stack(heads, flags.stack);
  ContextParams params = flags.context;
  params.softmax_scale = stack.softmax_scale();
  params.executor = &executor;
  if (links_on_gpu(flags.exact, stack.groups(0).front(), flags.stack.keys_as)) params.exact = &exact;
  const std::vector<Way> ways = make_ways(flags, stack, params, progress);
  std::vector<LayerDecoder*> decoders;
  for (const Way& way : ways) decoders.push_back(way.decoder.get());

  progress.show(message(stack.tokens(), " keys: output error"));
  std::vector<double> errors;
  std::vector<LayerCost> costs;
  for (LayerDecoder* decoder : decoders) {
    errors.push_back(output_error(stack, *decoder, *decoders.front(), std::min(flags.judged, stack.steps())));
    costs.push_back(decoder->cost());
  }
  progress.show(message(stack.tokens(), " keys: timing"));
  const auto times = time_decoders(stack, decoders, flags.rounds);
  for (std::size_t i = 0; i < ways.size(); ++i) {
    records.push_back(to_record(flags, stack, heads.front().source, ways[i], times[i], costs[i], errors[i]));
  }
}

// Consecutive heads of one source are one model.
std::vector<std::span<const HeadSource>> models_of(const std::vector<HeadSource>& heads) {
  std::vector<std::span<const HeadSource>> models;
  for (std::size_t begin = 0; begin < heads.size();) {
    std::size_t end = begin;
    while (end < heads.size() && heads[end].source == heads[begin].source) ++end;
    models.push_back(std::span(heads).subspan(begin, end - begin));
    begin = end;
  }
  return models;
}

void run_decode(DecodeFlags& flags) {
  const Format format = parse_format(flags.run.format);
  flags.stack.bytes = static_cast<std::uint64_t>(flags.memory_gb * 1e9);
  flags.context.seed = flags.run.seed;
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::unique_ptr<ExactTopK> exact = make_exact(flags.exact, executor.get());
  std::vector<Json> records;
  {
    Progress progress;
    const std::vector<HeadSource> heads = list_heads(flags.data, executor.get());
    for (const auto model : models_of(heads)) measure_stack(flags, model, *exact, *executor, progress, records);
  }
  compare_decode_records(records);
  print_decode_records(format, records);
  if (!flags.plot.empty()) plot_decode_records(flags.plot, records);
}

void add_context_flags(CLI::App& app, ContextParams& context) {
  app.add_option("--k", context.budget.k, "keys per query head that are retrieved")
      ->check(CLI::Range(1U, 1U << 20))
      ->capture_default_str();
  app.add_option("--recall", context.recall, "of them, by which widths are calibrated on held-out prefill queries")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  app.add_option("--sinks", context.sinks, "first keys, attended exactly")->capture_default_str();
  app.add_option("--recent", context.recent, "last keys, likewise")->capture_default_str();
  app.add_option("--link-k", context.links_k, "links per prefill query")->capture_default_str()->group("Build");
  app.add_option("--link-queries", context.link_queries, "prefill queries per query head that are linked")
      ->capture_default_str()
      ->group("Build");
  app.add_option("--clusters", context.clusters, "per KV head, of the estimate of unread keys")
      ->capture_default_str()
      ->group("Build");
  app.add_option("--degree", context.graph.max_degree, "edges per key at most")->capture_default_str()->group("Build");
}

}  // namespace

Action configure_decode(CLI::App& app) {
  const auto flags = std::make_shared<DecodeFlags>();
  add_data_flags(app, flags->data);
  std::vector<std::string> ways = searched_kinds();
  ways.insert(ways.begin(), {"full", "flat"});
  flags->ways = ways;
  ways.emplace_back("auto");
  app.add_option("--way", flags->ways, join(ways, ", ") + "; default all but auto")
      ->delimiter(',')
      ->check(CLI::IsMember(ways))
      ->type_name("LIST");
  app.add_option("--estimate", flags->estimates,
                 "off, on: whether unread keys are estimated by clusters, default off,on")
      ->delimiter(',')
      ->check(CLI::IsMember({"off", "on"}))
      ->type_name("LIST");
  app.add_option("--depth", flags->stack.depth, "layers of the model; too few in the data are copied")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}))
      ->capture_default_str();
  app.add_option("--layer-kv-heads", flags->stack.kv_heads, "KV heads of a layer: consecutive ones of the data")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}))
      ->capture_default_str();
  app.add_option("--memory-gb", flags->memory_gb, "10^9 bytes that keys and values may take; else fewer layers")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option("--rounds", flags->rounds, "timed turns of every way")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--plot", flags->plot, "draws time against number of keys")->type_name("FILE.svg");
  add_context_flags(app, flags->context);
  add_keys_as_flag(app, flags->stack.keys_as);
  add_exact_flag(app, flags->exact);
  add_threads_flag(app, flags->run);
  add_seed_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_decode(*flags); };
}

}  // namespace rattan::bench
