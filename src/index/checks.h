// Argument checks that building, opening and searching share.
#pragma once

#include <string_view>

#include "rattan/matrix.h"

namespace rattan {

// Shape only; no element is read. Throws Error(invalid_argument) naming `name` and the field: an unknown dtype, cols
// outside 1 to 65,536, a row stride below cols, rows that ids cannot count, or no data where there are rows.
void check_matrix(const MatrixView& matrix, std::string_view name);

}  // namespace rattan
