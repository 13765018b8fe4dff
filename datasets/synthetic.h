// Synthetic attention heads: seeded, any size, calibrated to what trained long-context models show
// (datasets/README.md section 4). The same KvGroup type as a dump of a real model.
//
// How a head is made: a text of topics, segments and words that come back (synthetic_text.h) moves keys and queries
// away from their means. Queries are a tight cone: before RoPE |mean| / rms norm is 0.9, and four of 64 rotary pairs,
// all among the slowest, hold about half of the energy. The mean key points away from the mean query, and keys hardly
// vary along it, which puts the queries far out. What tells keys apart lies in the other slow pairs; keys also vary by
// topic and word in middle pairs where queries do not look. Mean query and mean key agree in middle pairs at short
// distances (a recent window), and the first four keys are sinks made to hold 30 % of the mass of the median query.
// Query heads of a group look for words and earlier segments of their own.
//
// What the dials do to head_statistics (sinks 128, recent 512; d = 128, seed 1; mean and range over the 16 query heads
// of 4 KV heads):
//   n      gap sharpness | far mass  n90               top100          maha. q       maha. k  cos(means)
//   16384  1   1         | .21-.53    1520 (424-2612)  .60 (.47-.77)    63 (58-72)   11       -.47 (-.54 to -.38)
//   16384  0.5 1         | .21-.54    1507             .61              45 (42-47)   11       -.47
//   16384  2   1         | .21-.53    1524             .60              91 (76-121)  11       -.47
//   16384  1   0.5       | .24-.54    4297             .27 (.20-.37)    68 (63-73)   11       -.55
//   16384  1   2         | .22-.57      20             .94 (.87-.99)    59 (46-72)   11       -.35
//   131072 1   1         | .44-.93    9920             .48 (.33-.66)    84 (58-91)   11       -.57 (-.68 to -.37)
//   131072 0.5 1         | .44-.93    9833             .48              52 (38-56)   11       -.57
//   131072 2   1         | .44-.93    9953             .48             127 (86-153)  11       -.57
//   131072 1   0.5       | .42-.92   33536             .13 (.09-.16)    87 (60-94)   11       -.61
//   131072 1   2         | .55-.96      19             .94 (.88-.98)    76 (49-88)   11       -.50
// `gap` divides the spread of the keys along the mean queries; it moves the Mahalanobis distance alone. (Tried: more
// key variance where queries do not look, by gap. IVF read the same share of keys for it, so it is not a dial.)
// `sharpness` multiplies the part of the logits that depends on the text. Shorter contexts have a larger window, and
// sinks that weigh more in the key covariance, so their far mass and distances are smaller.
#pragma once

#include <cstddef>

#include "datasets/kv_group.h"
#include "datasets/synthetic_spec.h"
#include "rattan/executor.h"

namespace rattan::datasets {

// KV head `head` (0..heads-1), independent of the others and of the number of threads. Row i of keys and values is
// position i, prefill first, then decode; the decode queries continue the same text. The bytes depend on the parameters
// and on the C library's log, exp, sin and cos.
KvGroup make_synthetic(const SyntheticParams& params, std::size_t head, Executor* executor = nullptr);

}  // namespace rattan::datasets
