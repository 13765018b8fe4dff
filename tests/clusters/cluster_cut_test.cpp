#include "clusters/cluster_cut.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

struct Made {
  SharedMatrix keys = random_matrix(400, 12, 1);
  SharedMatrix values = random_matrix(400, 6, 2);
  KeyClusters clusters;

  Made() {
    ClusterParams params;
    params.clusters = 10;
    params.executor = &serial_executor();
    clusters = KeyClusters(test::checked(keys), test::checked(values), 5, params);
  }
};

// Mean of the rows of a cluster's keys below `end`.
std::vector<double> mean_of(const KeyClusters& clusters, std::size_t cluster, KeyId end, const MatrixView& rows) {
  std::vector<double> mean(rows.cols);
  double count = 0;
  for (KeyId id = clusters.ids().begin; id < end; ++id) {
    if (clusters.cluster_of(id) != cluster) continue;
    ++count;
    for (std::size_t c = 0; c < rows.cols; ++c) mean[c] += element(rows, id - clusters.ids().begin, c);
  }
  for (double& x : mean) x /= count;
  return mean;
}

TEST(ClusterCut, LeavesKeysInTheirClustersAndTakesMeansAnew) {
  const Made made;
  const KeyId end = 305;
  const KeyClusters cut = cut_clusters(made.clusters, end, made.keys.view, made.values.view);
  EXPECT_EQ(cut.ids(), (IdRange{5, 305}));
  ASSERT_EQ(cut.clusters(), made.clusters.clusters());
  std::vector<float> counts(cut.clusters());
  for (KeyId id = 5; id < end; ++id) {
    EXPECT_EQ(cut.cluster_of(id), made.clusters.cluster_of(id));
    counts[cut.cluster_of(id)] += 1;
  }
  for (std::size_t cluster = 0; cluster < cut.clusters(); ++cluster) {
    EXPECT_EQ(cut.counts()[cluster], counts[cluster]);
    if (counts[cluster] == 0) continue;
    const std::vector<double> keys = mean_of(cut, cluster, end, made.keys.view);
    const std::vector<double> values = mean_of(cut, cluster, end, made.values.view);
    for (std::size_t c = 0; c < keys.size(); ++c) EXPECT_NEAR(element(cut.centroids(), cluster, c), keys[c], 2e-3);
    for (std::size_t c = 0; c < values.size(); ++c)
      EXPECT_NEAR(element(cut.mean_values(), cluster, c), values[c], 2e-3);
  }
}

TEST(ClusterCut, NeedsOnlyTheRowsThatStay) {
  const Made made;
  const KeyClusters all = cut_clusters(made.clusters, 105, made.keys.view, made.values.view);
  const KeyClusters few =
      cut_clusters(made.clusters, 105, made.keys.view.slice(0, 100), made.values.view.slice(0, 100));
  for (std::size_t cluster = 0; cluster < all.clusters(); ++cluster) {
    EXPECT_EQ(row_values(all.mean_values(), cluster), row_values(few.mean_values(), cluster));
  }
}

TEST(ClusterCut, MayCutNothingOrEverything) {
  const Made made;
  const KeyClusters whole = cut_clusters(made.clusters, 405, made.keys.view, made.values.view);
  EXPECT_EQ(whole.ids(), made.clusters.ids());
  EXPECT_EQ(row_values(whole.centroids(), 3), row_values(made.clusters.centroids(), 3));
  const KeyClusters none = cut_clusters(made.clusters, 5, made.keys.view, made.values.view);
  EXPECT_EQ(none.ids(), (IdRange{5, 5}));
  for (const float count : none.counts()) EXPECT_EQ(count, 0.0F);
}

}  // namespace
}  // namespace rattan::test
