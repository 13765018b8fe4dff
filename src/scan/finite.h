// Checks of vectors that come in from outside: a usable view, and no NaN or infinity in it.
#pragma once

#include <string_view>

#include "rattan/executor.h"
#include "rattan/matrix.h"

namespace rattan {

// Throws Error(invalid_argument) naming `name` unless the view has a known dtype, a row_stride of at least cols, and
// data wherever it has elements.
void check_view(const MatrixView& matrix, std::string_view name);

// check_view, then throws Error(invalid_argument) naming `name`, row and column of the first NaN or infinity. Which one
// is reported does not depend on the executor. Looks at exponent bits only, about as fast as memory is read.
void check_finite(MatrixView matrix, std::string_view name, Executor& executor);

}  // namespace rattan
