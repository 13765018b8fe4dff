// Records as a table for people.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bench/report/record.h"

namespace rattan::bench {

struct Table {
  struct Column {
    std::string title;
    bool right;  // aligned: numbers
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> lines;  // cells; "-" where nothing was measured
};

// The columns are the shown fields of `like`, found by name in each record.
Table make_table(const Record& like, const std::vector<Record>& records);

// Columns padded to equal width, so that the table reads in a terminal too.
void write_markdown(std::ostream& out, const Record& like, const std::vector<Record>& records);

// The same with the columns of the first record; nothing without records.
void write_markdown(std::ostream& out, const std::vector<Record>& records);

}  // namespace rattan::bench
