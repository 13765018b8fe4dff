#include "bench/report/index_table.h"

#include "bench/report/table.h"
#include "core/check.h"

namespace rattan::bench {

std::string index_title(const Index& index) {
  return message(index.kind(), " over ", index.size(), " keys of dimension ", index.dim());
}

Record index_fields(const Index& index) {
  return {{"index", index.kind()},
          {"keys", index.size()},
          {"dim", index.dim()},
          {"metric", to_string(index.metric())},
          {"index_bytes", index.memory().total()},
          {"memory", index.memory().parts}};
}

void write_parts(std::ostream& out, const Index& index) {
  const auto line = [](const std::string& part, std::uint64_t bytes) -> Record {
    return {{"part", part, show_text("part")}, {"bytes", bytes, show_fixed("MB", 3, 1e-6)}};
  };
  std::vector<Record> lines;
  for (const auto& [part, bytes] : index.memory().parts) lines.push_back(line(part, bytes));
  lines.push_back(line("all (keys are borrowed)", index.memory().total()));
  write_markdown(out, lines);
}

void write_stages(std::ostream& out, const BuildStats& stats) {
  const auto line = [](const std::string& stage, double seconds) -> Record {
    return {{"stage", stage, show_text("stage")}, {"seconds", seconds, show_fixed("seconds", 2)}};
  };
  std::vector<Record> lines;
  for (const auto& [stage, seconds] : stats.stages) lines.push_back(line(stage, seconds));
  lines.push_back(line("all", stats.seconds()));
  write_markdown(out, lines);
}

}  // namespace rattan::bench
