#include "bench/report/growth_table.h"

#include "bench/measure/repeats.h"
#include "bench/report/run_fields.h"
#include "core/check.h"

namespace rattan::bench {

Record to_record(const GrowthMeasurement& measured) {
  const HeadProblem& base = measured.problem.base;
  const HeadProblem& whole = measured.problem.whole;
  const GrowthParams& growth = measured.options.growth;
  const GrowthCost& cost = measured.costs.front();  // counts are the same in all
  const auto over_repeats = [&](double GrowthCost::*member) {
    std::vector<double> values;
    for (const GrowthCost& repeat : measured.costs) values.push_back(repeat.*member);
    return mean_and_deviation(values);
  };
  const MeanDeviation append = over_repeats(&GrowthCost::append_us);
  const MeanDeviation seal = over_repeats(&GrowthCost::seal_us);
  const MeanDeviation context = mean_and_deviation(measured.context_us);
  const Evaluation& grown = measured.grown;
  const Evaluation& fresh = measured.fresh;
  Record record = {
      {"source", measured.source},
      {"layer", base.group.layer, show_fixed("layer", 0)},
      {"kv_head", base.group.kv_head, show_fixed("KV head", 0)},
      {"keys", base.keys.view.rows},
      {"appended", measured.problem.appended.view.rows},
      {"dim", base.group.dim()},
      {"dtype", to_string(base.keys.view.dtype)},
      {"heads", base.group.heads()},
      {"k", whole.k},
      {"beam", measured.beam},
      {"steps", whole.steps},
      {"segment", measured.options.segment, show_fixed("segment", 0)},
      {"links_k", growth.links_k, show_fixed("links_k", 0)},
      {"queries_per_key", growth.queries_per_key, show_fixed("queries/key", 2)},
      {"entry_points", growth.segment_entry_points, show_fixed("entries", 0)},
      {"append_us", append.mean, show_mean("append us", 2, append.mean, append.deviation)},
      {"append_us_deviation", append.deviation},
      {"append_cpu_us", over_repeats(&GrowthCost::append_cpu_us).mean, show_fixed("append CPU us", 2)},
      {"seal_us", seal.mean, show_mean("seal us", 1, seal.mean, seal.deviation)},
      {"seal_us_deviation", seal.deviation},
      {"seal_cpu_us", over_repeats(&GrowthCost::seal_cpu_us).mean, show_fixed("seal CPU us", 1)},
      {"worst_seal_ms", over_repeats(&GrowthCost::worst_seal_ms).mean, show_fixed("worst seal ms", 1)},
      {"repeats", measured.costs.size()},
      {"segments", cost.segments},
      {"sealed", cost.sealed},
      {"grown_bytes", cost.bytes},
      {"context_us", context.mean, show_mean("in a context us", 1, context.mean, context.deviation)},
      {"context_us_deviation", context.deviation},
      {"recall_grown", grown.recall, show_fixed("recall grown", 4)},
      {"recall_fresh", fresh.recall, show_fixed("fresh", 4)},
      {"recall_difference", grown.recall - fresh.recall, show_fixed("difference", 4)},
      {"keys_grown", grown.keys_per_query, show_fixed("keys/q grown", 0)},
      {"keys_fresh", fresh.keys_per_query, show_fixed("fresh", 0)},
      {"codes_grown", grown.codes_per_query, show_fixed("codes/q grown", 0)},
      {"codes_fresh", fresh.codes_per_query, show_fixed("fresh", 0)},
  };
  return joined(std::move(record), to_record(measured.run));
}

std::string growth_legend(const GrowthMeasurement& measured) {
  const HeadProblem& base = measured.problem.base;
  return message(
      measured.source, ": ", base.keys.view.rows, " keys of ", base.group.dim(), " x ", to_string(base.keys.view.dtype),
      ", ", measured.problem.appended.view.rows, " appended, ", base.group.heads(),
      " query heads, k = ", measured.problem.whole.k, ", beam ", measured.beam, ", ", measured.problem.whole.steps,
      " steps behind the appended tokens.\nus: per appended, or sealed, key of one KV head, on one thread; in a "
      "context: everything, values and the clusters of the estimate too, links and entry points as by default, per "
      "token while as many are sealed as are appended. fresh: a graph built over all keys, its links those of the "
      "appended tokens' queries too.\n",
      describe(measured.run), "\n");
}

}  // namespace rattan::bench
