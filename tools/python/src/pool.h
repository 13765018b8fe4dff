// The threads of calls that name no number of them.
#pragma once

#include "rattan/executor.h"

namespace rattan::python {

// As many as the process may use processors, whatever OMP_NUM_THREADS says: that is torch's and numpy's.
Executor& default_pool();

}  // namespace rattan::python
