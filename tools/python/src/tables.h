// NeighborTable and its counters as arrays of numpy, and back.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <vector>

#include "rattan/index.h"
#include "rattan/results.h"

namespace rattan::python {

using Ids = nanobind::ndarray<const std::int64_t, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
using Scores = nanobind::ndarray<const float, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
using Positions = nanobind::ndarray<const std::int64_t, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// (ids int64 [rows, k], scores float32 [rows, k], stats): -1 where there is no key. stats: a dict of uint64 [groups].
nanobind::tuple to_python(const NeighborTable& table);

// A pair of arrays of one shape. Throws Error(invalid_argument): shapes, ids outside [-1, no_key).
NeighborTable to_table(const nanobind::tuple& pair, const char* name);
std::vector<NeighborTable> to_tables(const nanobind::list& pairs, const char* name);

nanobind::dict to_python(const MemoryUse& memory);
nanobind::dict to_python(const BuildStats& stats);

}  // namespace rattan::python
