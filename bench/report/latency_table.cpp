#include "bench/report/latency_table.h"

#include <algorithm>
#include <functional>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/measure/settings.h"
#include "bench/report/run_fields.h"

namespace rattan::bench {
namespace {

double mean_of(const Job& job, const std::function<double(const Found&)>& value) {
  double sum = 0;
  for (const Found& found : job.found) sum += value(found);
  return sum / static_cast<double>(job.found.size());
}

std::string settings_of(const Job& job) {
  std::vector<std::string> texts;
  for (const Found& found : job.found) {
    texts.push_back(describe_result(*found.built, {.variant = job.variant}, found.result));
  }
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return join(texts, " | ");
}

std::optional<double> flat_us(const LatencyResult& result) {
  for (std::size_t j = 0; j < result.jobs.size(); ++j) {
    if (result.jobs[j].variant.name == "flat") return result.times[j].p50;
  }
  return std::nullopt;
}

Record job_record(const LatencyResult& result, const Job& job, const RepeatedTime& times) {
  const HeadProblem& first = result.heads.front()->problem;
  const double key_bytes = static_cast<double>(first.keys.view.rows * first.keys.view.row_bytes());
  const double index_bytes = mean_of(job, [](const Found& f) { return static_cast<double>(f.built->bytes()); });
  const auto mean_evaluation = [&](double Evaluation::*member) {
    return mean_of(job, [&](const Found& f) { return f.result.evaluation.*member; });
  };
  const std::optional<double> flat = flat_us(result);
  const double bytes = mean_evaluation(&Evaluation::bytes_per_query);
  return {
      {"index", job.variant.name, show_text("index")},
      {"source", result.heads.front()->source},
      {"keys", first.keys.view.rows},
      {"dim", first.keys.view.cols},
      {"dtype", to_string(first.keys.view.dtype)},
      {"heads", first.heads},
      {"k", first.k},
      {"target", job.variant.knob() ? Value(job.target) : Value(), show_fixed("target", 2)},
      {"recall", mean_evaluation(&Evaluation::recall), show_fixed("recall", 3)},
      {"recall_worst_head", mean_evaluation(&Evaluation::recall_worst_head)},
      {"reached", std::all_of(job.found.begin(), job.found.end(), [](const Found& f) { return f.result.reached; }),
       show_text("reached")},
      {"us_p50", times.p50, show_mean("us p50", 1, times.p50, times.p50_deviation)},
      {"us_p50_deviation", times.p50_deviation},
      {"us_p99", times.p99, show_fixed("us p99", 1)},
      {"timed", times.timed},
      {"repeats", times.repeats},
      {"times_faster_than_flat", flat ? *flat / times.p50 : Value(), show_fixed("x flat", 2)},
      {"keys_per_query", mean_evaluation(&Evaluation::keys_per_query), show_fixed("keys/q", 0)},
      {"codes_per_query", mean_evaluation(&Evaluation::codes_per_query), show_fixed("codes/q", 0)},
      {"bytes_per_query", bytes, show_fixed("KB/q", 1, 1e-3)},
      {"bytes_share", bytes / key_bytes, show_percent("of K")},
      {"build_s", mean_of(job, [](const Found& f) { return f.built->stats.seconds(); }), show_fixed("build s", 1)},
      {"index_bytes", index_bytes, show_fixed("index MB", 1, 1e-6)},
      {"rounds", result.rounds},
      {"resident", result.resident},
      {"resident_distinct", std::min(result.resident, result.heads.size())},
      {"resident_bytes", static_cast<double>(result.resident) * (key_bytes + index_bytes),
       show_fixed("resident MB", 0, 1e-6)},
      {"setting", settings_of(job), show_text("setting")},
      {"window", first.window},
      {"queries", first.steps},
  };
}

void write_legend(std::ostream& out, const LatencyResult& result) {
  const HeadProblem& first = result.heads.front()->problem;
  out << "\n"
      << result.heads.front()->source << ": " << first.keys.view.rows << " keys of " << first.keys.view.cols << " x "
      << to_string(first.keys.view.dtype) << ", " << first.heads << " query heads, k = " << first.k
      << ".\nus: one step of all query heads, one thread, " << result.rounds << " rounds over " << result.resident
      << " resident KV heads (" << std::min(result.resident, result.heads.size())
      << " distinct, the others copies at other addresses), kinds interleaved.\nBefore the turn of each kind twice "
         "the last-level cache ("
      << fixed(static_cast<double>(result.run.llc_bytes) / 1e6, 0) << " MB) is read from elsewhere.\n"
      << describe(result.run) << '\n';
}

}  // namespace

std::vector<Record> latency_records(const LatencyResult& result) {
  std::vector<Record> records;
  for (std::size_t j = 0; j < result.jobs.size(); ++j) {
    records.push_back(joined(job_record(result, result.jobs[j], result.times[j]), to_record(result.run)));
  }
  return records;
}

void write_latency(std::ostream& out, Format format, const LatencyResult& result) {
  write_records(out, format, latency_records(result));
  if (format == Format::markdown) write_legend(out, result);
}

}  // namespace rattan::bench
