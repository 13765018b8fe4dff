#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "bench/cli/commands.h"
#include "bench/cli/exact_flag.h"
#include "bench/cli/options.h"
#include "bench/context/context_inputs.h"
#include "bench/context/decode_run.h"
#include "bench/inputs/text.h"
#include "bench/measure/interrupt.h"
#include "bench/measure/progress.h"
#include "bench/measure/repeats.h"
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
  std::size_t repeats = 1;
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
  double error = 0;
  LayerCost cost = {};
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
    stop_if_asked();
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

DecodeRow make_row(const DecodeFlags& flags, const LayerStack& stack, const Way& way, const RepeatedTime& times) {
  DecodeRow row;
  row.way = way.name;
  row.estimate = way.estimate;
  row.kinds = way.decoder->kinds();
  row.keys = stack.tokens();
  row.dim = stack.dim();
  row.dtype = to_string(stack.dtype());
  row.query_heads = stack.query_heads();
  row.kv_heads = stack.kv_heads();
  row.layers = stack.layers().size();
  row.layers_distinct = stack.originals();
  row.k = flags.context.budget.k;
  row.us = times;
  row.keys_share = way.cost.keys / static_cast<double>(stack.tokens() * stack.kv_heads());
  row.bytes = way.cost.bytes;
  row.output_error = way.error;
  row.build_s = way.build_s;
  row.resident_bytes = stack.bytes();
  return row;
}

void measure_stack(const DecodeFlags& flags, std::span<const HeadSource> heads, const ExactTopK& exact, const Run& run,
                   Progress& progress, std::vector<DecodeRow>& rows) {
  progress.show(heads.front().source + ": loading");
  const LayerStack stack(heads, flags.stack);
  ContextParams params = flags.context;
  params.softmax_scale = stack.softmax_scale();
  params.executor = run.executor.get();
  if (links_on_gpu(flags.exact, stack.groups(0).front(), flags.stack.keys_as, flags.stack.queries_as))
    params.exact = &exact;
  std::vector<Way> ways = make_ways(flags, stack, params, progress);
  std::vector<LayerDecoder*> decoders;
  decoders.reserve(ways.size());
  for (const Way& way : ways) decoders.push_back(way.decoder.get());

  progress.show(message(stack.tokens(), " keys: output error"));
  for (Way& way : ways) {
    way.error = output_error(stack, *way.decoder, *decoders.front(), std::min(flags.judged, stack.steps()));
    way.cost = way.decoder->cost();
  }
  progress.show(message(stack.tokens(), " keys: timing"));
  const auto times = repeat_timing(flags.repeats, [&] { return time_decoders(stack, decoders, flags.rounds); });
  for (std::size_t i = 0; i < ways.size(); ++i) {
    rows.push_back(make_row(flags, stack, ways[i], times[i]));
    rows.back().source = heads.front().source;
    rows.back().run = run.record;
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
  const InterruptGuard interrupts;
  const Run run = start_run(flags.run);
  flags.stack.bytes = static_cast<std::uint64_t>(flags.memory_gb * 1e9);
  flags.context.seed = flags.run.seed;
  const std::unique_ptr<ExactTopK> exact = make_exact(flags.exact, run.executor.get());
  std::vector<DecodeRow> rows;
  try {
    Progress progress;
    const std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
    for (const auto model : models_of(heads)) measure_stack(flags, model, *exact, run, progress, rows);
  } catch (const Stopped&) {
    if (rows.empty()) throw;
  }
  compare_rows(rows);
  write_decode(std::cout, run.format, rows);
  if (!flags.plot.empty()) plot_decode(flags.plot, rows);
  stop_if_asked();
}

void add_context_flags(CLI::App& app, ContextParams& context) {
  add_retrieval_flags(app, context);
  app.add_option("--sinks", context.sinks, "first keys, attended exactly")->capture_default_str();
  app.add_option("--recent", context.recent, "last keys, likewise")->capture_default_str();
  app.add_option("--links-k", context.links_k, "links per prefill query")->capture_default_str()->group("Build");
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
  app.add_option("--index", flags->ways, join(ways, ", ") + "; default all but auto")
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
  add_stack_flags(app, flags->stack, flags->memory_gb, flags->rounds, "layer");
  add_repeats_flag(app, flags->repeats);
  app.add_option("--plot", flags->plot, "draws time against number of keys")->type_name("FILE.svg");
  add_context_flags(app, flags->context);
  add_dtype_flags(app, flags->stack.keys_as, flags->stack.queries_as);
  add_exact_flag(app, flags->exact);
  add_run_flags(app, flags->run);
  return [flags] { run_decode(*flags); };
}

}  // namespace rattan::bench
