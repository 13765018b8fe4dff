// One self-contained page of a sweep: inline SVG, no script, nothing from the network.
#pragma once

#include <iosfwd>

#include "bench/measure/report_data.h"

namespace rattan::bench {

void write_html(std::ostream& out, const ReportData& data);

}  // namespace rattan::bench
