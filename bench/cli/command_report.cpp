#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "bench/cli/commands.h"
#include "bench/cli/output.h"
#include "bench/report/html_report.h"
#include "bench/report/sweep_records.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

struct ReportFlags {
  std::string rows;
  std::string page;
};

void run_report(const ReportFlags& flags) {
  std::ifstream in(flags.rows);
  if (!in) fail(ErrorCode::not_found, flags.rows, " cannot be read");
  const ReportData data = read_jsonl(in, flags.rows);
  std::ostringstream page;
  write_html(page, data);
  replace_file("--out", flags.page, page.str());
  std::cout << "wrote " << flags.page << ": " << data.rows.size() << " rows, " << data.points.size() << " points\n";
}

}  // namespace

Action configure_report(CLI::App& app) {
  const auto flags = std::make_shared<ReportFlags>();
  app.add_option("rows", flags->rows, "what sweep --format jsonl printed")->required()->type_name("FILE.jsonl");
  app.add_option("-o,--out", flags->page, "the page")->required()->type_name("FILE.html");
  return [flags] { run_report(*flags); };
}

}  // namespace rattan::bench
