// The widths of a variant: in which range a recall is searched for, and how a row names one.
#pragma once

#include <cstdint>
#include <string>

#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/bisect.h"
#include "bench/measure/measure.h"

namespace rattan::bench {

// Where bisection looks. A search that reads half of the keys has lost against a scan; wider ones are not tried, nor
// those on the way where the target is out of reach.
SettingRange setting_range(const BuiltIndex& built, const Variant& variant, const HeadProblem& problem);

// "beam 212, expansions x0.6", "probes 7/512 spherical", "exact": `setup` with its width replaced by `setting`.
std::string describe_setting(const BuiltIndex& built, const SearchSetup& setup, std::uint32_t setting);

// The setting of a result; of one that is not enough also where the search for a wider one ended: "beam 5, given up at
// beam 40".
std::string describe_result(const BuiltIndex& built, const SearchSetup& setup, const SettingSearch::Result& result);

}  // namespace rattan::bench
