#include "bench/report/prompt_table.h"

#include "bench/report/run_fields.h"
#include "core/check.h"

namespace rattan::bench {

Record to_record(const std::string& source, const HeadProblem& problem, const PromptWay& way, const RunRecord& run) {
  Record record = {
      {"source", source, show_text("head")},
      {"way", way.name, show_text("prompt came")},
      {"keys", problem.keys.view.rows},
      {"dim", problem.group.dim()},
      {"dtype", to_string(problem.keys.view.dtype)},
      {"heads", problem.heads},
      {"k", problem.k},
      {"steps", problem.steps},
      {"kind", way.head.kind, show_text("kind")},
      {"base", way.head.base_tokens, show_fixed("in the index", 0)},
      {"sealed", way.head.sealed_tokens, show_fixed("in segments", 0)},
      {"unsealed", way.head.unsealed_tokens, show_fixed("unsealed", 0)},
      {"builds", way.builds, show_fixed("builds", 0)},
      {"build_s", way.build_s, show_fixed("s in all", 1)},
      {"width", way.width, show_fixed("width", 0)},
      {"recall", way.calibrated.recall, show_fixed("recall", 4)},
      {"recall_worst_head", way.calibrated.recall_worst_head, show_fixed("worst head", 4)},
      {"fixed_width", way.fixed.setting},
      {"fixed_recall", way.fixed.recall, show_fixed("recall at one width", 4)},
      {"fixed_recall_worst_head", way.fixed.recall_worst_head, show_fixed("worst head", 4)},
      {"codes", way.fixed.codes_per_query, show_fixed("codes/q", 0)},
      {"decode_us", way.decode_us.p50, show_mean("decode us", 0, way.decode_us.p50, way.decode_us.p50_deviation)},
      {"decode_us_deviation", way.decode_us.p50_deviation},
      {"repeats", way.decode_us.repeats},
      {"bytes", way.head.memory.total()},
  };
  return joined(std::move(record), to_record(run));
}

std::string prompt_legend(const HeadProblem& problem, const PromptWay& way, const RunRecord& run) {
  return message(
      problem.keys.view.rows, " keys to search of ", problem.group.dim(), " x ", to_string(problem.keys.view.dtype),
      ", ", problem.window, "; ", problem.heads, " query heads, k = ", problem.k, ", ", problem.steps,
      " decode steps.\ns in all: of builds and seals, on one thread but for links. recall: with the width that "
      "was calibrated, and with width ",
      way.fixed.setting,
      "; worst head: of the query heads. decode: median of a step of all query heads, "
      "caches cold, one thread.\n",
      describe(run), "\n");
}

}  // namespace rattan::bench
