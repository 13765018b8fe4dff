#include "bench/inputs/steps.h"

#include <cstring>
#include <memory>
#include <vector>

namespace rattan::bench {

SharedMatrix gather_steps(std::span<const datasets::KvGroup> groups, std::size_t first, std::size_t count) {
  std::vector<const MatrixView*> heads;
  for (const datasets::KvGroup& group : groups) {
    for (const SharedMatrix& queries : group.decode_queries) heads.push_back(&queries.view);
  }
  const MatrixView& like = *heads.front();
  const std::size_t row_bytes = like.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(count * heads.size() * row_bytes);
  for (std::size_t i = 0; i < count * heads.size(); ++i) {
    std::memcpy(bytes->data() + i * row_bytes, heads[i % heads.size()]->row(first + i / heads.size()), row_bytes);
  }
  return {MatrixView(bytes->data(), like.dtype, count * heads.size(), like.cols), bytes};
}

}  // namespace rattan::bench
