// How far the queries of one KV head lie from its keys, for the OOD plot: distances and a flat picture of both clouds.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/measure/report_data.h"
#include "datasets/qkv_dump.h"
#include "rattan/executor.h"

namespace rattan::bench {

// Evenly spaced rows: at most 1,024 decode rows per query head and 2,048 keys for the distances, 240 of each cloud for
// the plane.
OodHead describe_ood(const datasets::KvGroup& group, const std::string& source, Executor& executor);

// The two strongest principal directions of `rows` points of `dim` coordinates around their mean, as coordinates
// (x0, y0, x1, y1, ...). Signs are fixed so that the first point that is not on an axis lies at positive x and y.
std::vector<double> principal_plane(const std::vector<double>& points, std::size_t rows, std::size_t dim);

}  // namespace rattan::bench
