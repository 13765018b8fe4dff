// rattan_matrix as views of C++.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "rattan/c.h"
#include "rattan/matrix.h"

namespace rattan::c_api {

// Borrowed; rows of a block table are gathered into a copy. Shapes are the callee's to check, but for what cannot be
// expressed: Error(invalid_argument) naming `name` and the member.
SharedMatrix to_matrix(const rattan_matrix& matrix, std::string_view name);

// Rows of a block table where they lie.
PagedRows to_pages(const rattan_matrix& matrix, std::string_view name);

// `count` of them; `name` is that of the array.
std::vector<PagedRows> to_all_pages(const rattan_matrix* matrices, std::size_t count, std::string_view name);
std::vector<SharedMatrix> to_matrices(const rattan_matrix* matrices, std::size_t count, std::string_view name);

}  // namespace rattan::c_api
