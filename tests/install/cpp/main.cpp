// The smallest user of an installed Rattan: the best key of a query, by two kinds of index.
#include <rattan/exact_topk.h>
#include <rattan/index.h>

#include <vector>

int main() {
  std::vector<float> numbers(64 * 16);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i * 7919 % 101) - 50.0F;
  const rattan::MatrixView keys(numbers.data(), rattan::DType::f32, 64, 16);
  const rattan::NeighborTable links = rattan::make_exact_topk_cpu()->find(keys, keys, 8, rattan::Metric::l2);
  const auto flat = rattan::build_flat(keys, rattan::Metric::l2);
  const auto graph = rattan::build_graph(keys, {&links, 1}, rattan::Metric::l2);
  rattan::SearchParams params;
  params.k = 1;
  const auto query = keys.slice(5, 1);
  return flat->search(query, params).ids(0)[0] == 5 && graph->search(query, params).ids(0)[0] == 5 ? 0 : 1;
}
