/// Planted bugs: what each does, and that it is nothing else.
#include <gtest/gtest.h>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <google/protobuf/any.pb.h>

#include "reference-cp/kds/store_sync.hpp"
#include "reference-cp/policy/planted_bugs.hpp"
#include "reference-cp/xds/ads/request.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::policy {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::endpoint::v3::ClusterLoadAssignment;

int effects_of(const kds::PlantedBugs& bugs) {
  return (bugs.request_filter ? 1 : 0) + (bugs.ends_stream ? 1 : 0) + (bugs.overlooks ? 1 : 0) +
         (bugs.outlives_its_zone ? 1 : 0) + (bugs.zone_made_after ? 1 : 0) + (bugs.connection ? 1 : 0);
}

TEST(PlantedBugs, HaveOneEffectEach) {
  for (const std::string& name : PlantedBugs::names()) {
    auto bugs = PlantedBugs::from_name(name);
    ASSERT_TRUE(bugs) << name;
    int effects = (bugs->permissions ? 1 : 0) + (bugs->configuration ? 1 : 0) + (bugs->request_filter ? 1 : 0) +
                  (bugs->stream_ends ? 1 : 0) + (bugs->trust_domain_stays ? 1 : 0) + effects_of(bugs->kds);
    EXPECT_EQ(effects, 1) << name;
  }
  EXPECT_EQ(PlantedBugs::from_name("none-such").error().code, Code::invalid_argument);
}

template <class Message>
Message changed(const std::string& bug, std::string_view url, const Message& message) {
  Snapshot snapshot;
  snapshot.add(url, serialise("a", url, message));
  PlantedBugs::from_name(bug)->configuration(snapshot);
  google::protobuf::Any any;
  Message out;
  EXPECT_TRUE(any.ParseFromString(*snapshot.find(url, "a")->any) && any.UnpackTo(&out));
  return out;
}

TEST(PlantedBugs, LoseDetectionWhereLocalitiesAreBalanced) {
  Cluster cluster;
  cluster.mutable_outlier_detection();
  EXPECT_TRUE(changed("outlier-detection-lost", type_url::cluster, cluster).has_outlier_detection());
  cluster.mutable_common_lb_config()->mutable_locality_weighted_lb_config();
  EXPECT_FALSE(changed("outlier-detection-lost", type_url::cluster, cluster).has_outlier_detection());
}

TEST(PlantedBugs, LosePanicRoutingWhereOutliersAreDetected) {
  Cluster cluster;
  EXPECT_FALSE(changed("panic-routing-lost", type_url::cluster, cluster).has_common_lb_config());
  cluster.mutable_outlier_detection();
  Cluster bad = changed("panic-routing-lost", type_url::cluster, cluster);
  EXPECT_TRUE(bad.common_lb_config().has_healthy_panic_threshold());
  EXPECT_EQ(bad.common_lb_config().healthy_panic_threshold().value(), 0);
}

TEST(PlantedBugs, CutFailoverThresholds) {
  ClusterLoadAssignment assignment;
  EXPECT_FALSE(changed("failover-threshold-truncated", type_url::endpoint, assignment).has_policy());
  assignment.mutable_policy()->mutable_overprovisioning_factor()->set_value(143);
  EXPECT_EQ(changed("failover-threshold-truncated", type_url::endpoint, assignment)
                .policy()
                .overprovisioning_factor()
                .value(),
            100u);
}

TEST(PlantedBugs, LoseTlsToOtherProxies) {
  Cluster cluster;
  cluster.mutable_transport_socket();
  EXPECT_TRUE(changed("upstream-tls-lost", type_url::cluster, cluster).has_transport_socket());
  cluster.set_type(Cluster::EDS);
  EXPECT_FALSE(changed("upstream-tls-lost", type_url::cluster, cluster).has_transport_socket());
}

DiscoveryRequest request(std::string nonce, std::vector<std::string> names, bool refused = false) {
  DiscoveryRequest out;
  out.type_url = type_url::endpoint;
  out.response_nonce = std::move(nonce);
  out.names = std::move(names);
  if (refused) out.error = AdsRejection{13, "no"};
  return out;
}

/// The conversation that is told in envoyproxy/envoy#14841.
TEST(PlantedBugs, TakeANackForAnAckAfterASubscriptionOnly) {
  RequestFilter filter = PlantedBugs::from_name("nack-taken-for-ack")->request_filter();
  auto hears_refusal = [&](DiscoveryRequest said) { return filter(said) && said.error.has_value(); };
  EXPECT_FALSE(hears_refusal(request("", {"a"})));
  EXPECT_TRUE(hears_refusal(request("1", {"a"}, true))) << "its version is another one";
  EXPECT_FALSE(hears_refusal(request("2", {"a"})));
  EXPECT_FALSE(hears_refusal(request("2", {"a", "b"})));
  EXPECT_FALSE(hears_refusal(request("3", {"a", "b"}, true))) << "this is the bug";
  EXPECT_TRUE(hears_refusal(request("4", {"a", "b"}, true)));
}

TEST(PlantedBugs, HearNothingOfATypeAfterItsRefusal) {
  RequestFilter filter = PlantedBugs::from_name("nack-stops-type")->request_filter();
  DiscoveryRequest good = request("1", {"a"}), bad = request("2", {"a"}, true), other = request("1", {});
  other.type_url = type_url::listener;
  EXPECT_TRUE(filter(good));
  EXPECT_FALSE(filter(bad));
  EXPECT_FALSE(filter(good));
  EXPECT_TRUE(filter(other));
  EXPECT_TRUE(PlantedBugs::from_name("nack-stops-type")->request_filter()(good)) << "each stream for itself";
}

TEST(PlantedBugs, HearNothingOfAKindAfterItsRefusal) {
  auto filter = PlantedBugs::from_name("kds-nack-stops-type")->kds.request_filter();
  DeltaDiscoveryRequest good, bad, other;
  good.type_url = bad.type_url = "MeshTimeout";
  other.type_url = "MeshRetry";
  bad.error = AdsRejection{13, "no"};
  EXPECT_TRUE(filter(good));
  EXPECT_FALSE(filter(bad));
  EXPECT_FALSE(filter(good));
  EXPECT_TRUE(filter(other));
}

TEST(PlantedBugs, EndAStreamOfZonesByAResourceThatWasNotStored) {
  auto ends = PlantedBugs::from_name("kds-refusal-ends-stream")->kds.ends_stream;
  kds::SyncReport report;
  report.refusal = "not valid";
  EXPECT_FALSE(ends(report));
  report.refused.push_back({"default", "t"});
  EXPECT_TRUE(ends(report));
}

}  // namespace
}  // namespace kumasim::cp::policy
