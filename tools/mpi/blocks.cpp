// One sequence over several hosts: every rank has some consecutive tokens, and attention is merged by its lse.
//   mpirun -n 3 rattan-mpi-blocks [tokens] [seconds that rank 1 comes late; below 0: it ends]
// The last rank would take what is appended. A rank that ends takes the job with it; one that is late ends it as well.
#include <mpi.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "rattan/attention.h"
#include "rattan/context.h"

namespace {

constexpr std::size_t dim = 64;
constexpr double timeout_seconds = 5;

// The same on every rank: a model's, if it were one.
std::vector<float> rows(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count * dim);
  for (float& value : values) value = normal(random);
  return values;
}

rattan::SharedMatrix block_of(const std::vector<float>& all, std::size_t begin, std::size_t end) {
  return {rattan::MatrixView(all.data() + begin * dim, rattan::DType::f32, end - begin, dim), nullptr};
}

// Output and lse, [dim + 1], of one query head over tokens [begin, end).
std::vector<float> attend(const std::vector<float>& keys, const std::vector<float>& values, std::size_t begin,
                          std::size_t end, const std::vector<float>& query) {
  std::vector<float> part(dim + 1, 0.0F);
  part[dim] = -INFINITY;
  if (begin == end) return part;
  rattan::ContextParams params;
  params.kind = rattan::HeadKind::flat;  // exact, to compare; a graph is used in the same way
  rattan::Context context({1, 1, 1, dim, dim, rattan::DType::f32}, params);
  const rattan::MatrixView none(nullptr, rattan::DType::f32, 0, dim);
  context.build_layer(0, {{block_of(keys, begin, end)}}, {{block_of(values, begin, end)}}, {{none}});
  context.decode(0, rattan::MatrixView(query.data(), rattan::DType::f32, 1, dim), {part.data(), dim}, {&part[dim], 1});
  return part;
}

// Waits for all ranks, but not for ever.
void gather(std::vector<float>& part, std::vector<float>& all, int rank) {
  MPI_Request request;
  const auto count = static_cast<int>(part.size());
  MPI_Iallgather(part.data(), count, MPI_FLOAT, all.data(), count, MPI_FLOAT, MPI_COMM_WORLD, &request);
  const double begin = MPI_Wtime();
  for (int done = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE), done == 0;) {
    if (MPI_Wtime() - begin < timeout_seconds) continue;
    std::fprintf(stderr, "rattan-mpi-blocks: rank %d got no answer from every rank in %g s\n", rank, timeout_seconds);
    MPI_Abort(MPI_COMM_WORLD, 3);
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const std::size_t tokens = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10000;
  const double late = argc > 2 && rank == 1 ? std::strtod(argv[2], nullptr) : 0;
  const std::vector<float> keys = rows(tokens, 1);
  const std::vector<float> values = rows(tokens, 2);
  const std::vector<float> query = rows(1, 3);
  const auto first = [&](int of) { return tokens * static_cast<std::size_t>(of) / static_cast<std::size_t>(ranks); };

  std::vector<float> part = attend(keys, values, first(rank), first(rank + 1), query);
  if (late < 0) std::_Exit(4);
  std::this_thread::sleep_for(std::chrono::duration<double>(late));
  std::vector<float> all(part.size() * static_cast<std::size_t>(ranks));
  gather(part, all, rank);

  std::vector<float> out(dim, 0.0F);
  rattan::AttentionPart merged{out};
  for (std::size_t at = 0; at < all.size(); at += dim + 1) merge(merged, {{&all[at], dim}, all[at + dim]});

  std::vector<float> want = attend(keys, values, 0, tokens, query);  // by one process
  float error = std::fabs(merged.lse - want[dim]);
  for (std::size_t i = 0; i < dim; ++i) error = std::max(error, std::fabs(out[i] - want[i]));
  if (rank == 0) std::printf("%d ranks, %zu tokens: off by %.1e from one process\n", ranks, tokens, double{error});
  MPI_Finalize();
  return error < 1e-5F ? 0 : 1;
}
