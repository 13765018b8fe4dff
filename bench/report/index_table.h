// What `build` and `info --index-file` print of an index: its parts and what it says of itself.
#pragma once

#include <iosfwd>
#include <string>

#include "bench/report/record.h"
#include "rattan/index.h"

namespace rattan::bench {

// "graph over 3456 keys of dimension 32".
std::string index_title(const Index& index);

// Kind, size and memory; the fields of a record that has such an index.
Record index_fields(const Index& index);

// The bytes of its parts.
void write_parts(std::ostream& out, const Index& index);

// The seconds of its stages.
void write_stages(std::ostream& out, const BuildStats& stats);

}  // namespace rattan::bench
