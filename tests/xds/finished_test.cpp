/// What is the same for all proxies is made once, and goes among the other resources as if each proxy had made it.
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/wire.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

XdsResourcePtr finished(const std::string& name, const std::string& version) {
  return std::make_shared<const XdsResource>(XdsResource{name, version, std::make_shared<const std::string>(version)});
}

std::unique_ptr<envoy::LoadAssignment> message(const std::string& name) { return envoy::load_assignment(name, {}); }

TEST(FinishedResources, AreInTheSnapshotAsTheyAre) {
  ResourceSet set;
  XdsResourcePtr a = finished("a", "1");
  set.add_finished(type_url::endpoint, a);
  set.add("b", message("b"), Origin::outbound);
  Snapshot snapshot = set.snapshot();
  EXPECT_EQ(snapshot.find(type_url::endpoint, "a"), a);
  EXPECT_TRUE(snapshot.find(type_url::endpoint, "b"));
  EXPECT_EQ(snapshot.of(type_url::endpoint).size(), 2u);
}

TEST(FinishedResources, TheLastOfAnyFormCounts) {
  ResourceSet set;
  set.add_finished(type_url::endpoint, finished("a", "1"));
  set.add("a", message("a"), Origin::outbound);
  EXPECT_NE(set.snapshot().find(type_url::endpoint, "a")->version, "1");
  EXPECT_TRUE(set.find(type_url::endpoint, "a"));
  set.add_finished(type_url::endpoint, finished("a", "2"));
  set.add_finished(type_url::endpoint, finished("a", "3"));
  EXPECT_FALSE(set.find(type_url::endpoint, "a"));
  EXPECT_EQ(set.snapshot().find(type_url::endpoint, "a")->version, "3");
}

TEST(FinishedResources, CanBeRemovedAndTakenOver) {
  ResourceSet set, other;
  set.add_finished(type_url::endpoint, finished("a", "1"));
  EXPECT_TRUE(set.remove(type_url::endpoint, "a"));
  EXPECT_FALSE(set.remove(type_url::endpoint, "a"));
  EXPECT_EQ(set.snapshot().of(type_url::endpoint).size(), 0u);
  set.add("b", message("b"), Origin::outbound);
  other.add_finished(type_url::endpoint, finished("b", "2"));
  set.add_all(std::move(other));
  EXPECT_EQ(set.snapshot().find(type_url::endpoint, "b")->version, "2");
}

MeshView::Ptr two_users_of_service_1() {
  MeshView::Ptr view = MeshView::build("m", {}, {});
  for (const MeshWrite& write : {MeshWrite{"Mesh", "m", nlohmann::json::object()},
                                 MeshWrite{"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)},
                                 MeshWrite{"Dataplane", "dp-1", dataplane_spec(1, 1, 1, false, 1)}})
    view = view->with({nullptr, to_resource(write)});
  return view;
}

TEST(Generation, GivesAllProxiesTheSameObjectForTheSameEndpoints) {
  MeshView::Ptr view = two_users_of_service_1();
  auto first = snapshots(*view);
  XdsResourcePtr endpoints = first["dp-0"].find(type_url::endpoint, "service-1");
  ASSERT_TRUE(endpoints);
  EXPECT_EQ(first["dp-1"].find(type_url::endpoint, "service-1"), endpoints);
  MeshView::Ptr other = view->with({nullptr, to_resource({"Dataplane", "dp-2", dataplane_spec(2, 2, 1, false, 2)})});
  EXPECT_EQ(snapshots(*other)["dp-0"].find(type_url::endpoint, "service-1"), endpoints) << "a view where they are same";
  MeshView::Ptr more = view->with({nullptr, to_resource({"Dataplane", "dp-2", dataplane_spec(2, 1, 1, false, 2)})});
  auto changed = snapshots(*more);
  EXPECT_NE(changed["dp-0"].find(type_url::endpoint, "service-1")->version, endpoints->version);
  EXPECT_EQ(changed["dp-0"].find(type_url::endpoint, "service-1"),
            changed["dp-1"].find(type_url::endpoint, "service-1"));
}

RC_GTEST_PROP(Wire, AnyBytesAreProtobufs, (const std::string& url, const std::map<std::string, double>& fields)) {
  google::protobuf::Struct message;
  for (const auto& [name, value] : fields) {
    std::string ascii;
    for (char c : name) ascii += static_cast<char>(c & 0x7f);
    (*message.mutable_fields())[ascii].set_number_value(value);
  }
  std::string type;
  for (char c : url) type += static_cast<char>(c & 0x7f);
  type += "t";  // resources have a type
  google::protobuf::Any any;
  any.set_type_url(type);
  any.set_value(deterministic_bytes(message));
  RC_ASSERT(any_bytes(type, message) == any.SerializeAsString());
  google::protobuf::Struct back;
  RC_ASSERT(back.ParseFromString(any.value()));
  RC_ASSERT(deterministic_bytes(back) == any.value());
  RC_ASSERT(static_cast<std::size_t>(back.fields_size()) == static_cast<std::size_t>(message.fields_size()));
}

}  // namespace
}  // namespace kumasim::cp
