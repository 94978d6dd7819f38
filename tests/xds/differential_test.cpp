/// The control plane against itself: however a mesh came to be what it is, every proxy holds the same in the end.
/// Written in batches and followed, written once in another order, or read from scratch; over either variant of ADS.
/// What is derived (MeshServices, status, host names, addresses) is added on the way, as it depends on what was before;
/// in the end nothing of it may be owed.
///
/// 300 cases; RC_PARAMS=max_success=10000 in the environment asks for more.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/xds/derive/vips.hpp"
#include "tests/xds/plane.hpp"
#include "tests/xds/stock.hpp"

namespace kumasim::cp {
namespace {

constexpr int cases = 300;

/// In an order that follows from the seed.
std::vector<ResourcePtr> shuffled(std::vector<ResourcePtr> resources, std::uint64_t seed) {
  for (std::size_t i = resources.size(); i > 1; --i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    std::swap(resources[i - 1], resources[(seed >> 33) % i]);
  }
  return resources;
}

/// Views from scratch, with these tables of virtual addresses: which address a name has is history.
std::map<std::string, MeshView::Ptr> from_scratch(const std::vector<ResourcePtr>& all, const MeshViews& vips) {
  std::map<std::string, MeshView::Ptr> result;
  for (const auto& [mesh, followed] : vips.all())
    result[mesh] =
        MeshView::build(mesh, ZoneSettings{}, all)->with_vips(std::make_shared<const VipTable>(followed->vips()));
  return result;
}

std::map<std::string, MeshView::Ptr> with_vips_of(const MeshViews& views, const MeshViews& vips) {
  std::map<std::string, MeshView::Ptr> result;
  for (const auto& [mesh, view] : views.all())
    if (MeshView::Ptr followed = vips.find(mesh))
      result[mesh] = view->with_vips(std::make_shared<const VipTable>(followed->vips()));
  return result;
}

std::string difference(const AdsClient::Held& a, const AdsClient::Held& b) {
  std::string result;
  auto missing = [&](const AdsClient::Held& from, const AdsClient::Held& in, const char* side) {
    for (const auto& [url, resources] : from)
      for (const auto& [name, bytes] : resources) {
        auto type = in.find(url);
        if (type == in.end() || !type->second.contains(name))
          result += std::string("\n  only ") + side + ": " + url.substr(url.rfind('.') + 1) + " " + name;
        else if (type->second.at(name) != bytes && side[0] == 'h')
          result += "\n  other: " + url.substr(url.rfind('.') + 1) + " " + name;
      }
  };
  missing(a, b, "held");
  missing(b, a, "wanted");
  return result;
}

void expect_same(const char* way, const ResourceKey& proxy, const AdsClient::Held& held,
                 const AdsClient::Held& wanted) {
  if (held != wanted) RC_FAIL(std::string(way) + ", " + proxy.mesh + "/" + proxy.name + ":" + difference(held, wanted));
}

void expect_same_index(const MeshView& a, const MeshView& b) {
  RC_ASSERT(a.services() == b.services());
  for (const std::string& service : a.services()) {
    RC_ASSERT(a.endpoints(service) == b.endpoints(service));
    RC_ASSERT(a.service(service) == b.service(service));
  }
}

void all_ways_agree() {
  std::vector<WideWrite> writes = *first_writes();
  const auto more = *rc::gen::container<std::vector<WideWrite>>(any_wide_write());
  const auto narrow = *rc::gen::container<std::vector<WideWrite>>(narrow_wide_write());
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto reconnect = *rc::gen::inRange<std::size_t>(0, 40);
  const auto last = *rc::gen::resize(4, rc::gen::container<std::vector<WideWrite>>(stock_change()));
  for (const auto& part : {stock_writes(), more, narrow, last}) writes.insert(writes.end(), part.begin(), part.end());
  Plane followed;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    followed.write(writes[i]);
    if (writes[i].ends_batch) followed.end_batch();
    if (i == reconnect) followed.reconnect_all();
  }
  followed.end_batch();

  const std::vector<ResourcePtr> rest = followed.stored();
  auto scratch = from_scratch(rest, followed.views());
  for (const auto& [mesh, view] : scratch) {
    expect_same_index(*followed.views().find(mesh), *view);
    RC_ASSERT(derive::vips(*view, view->vips()) == view->vips());
    if (std::string left = owed(*view, followed.derived_at(mesh)); !left.empty())
      RC_FAIL("owed to " + mesh + ":" + left);
  }
  Snapshots wanted =
      all_made(scratch, followed.find("ZoneIngress", own_ingress), followed.find("ZoneEgress", own_egress));

  MeshViews reordered{ZoneSettings{}};
  Work unused;
  for (const ResourcePtr& resource : shuffled(rest, seed))
    reordered.apply({resource->kind, resource->key(), nullptr, resource}, unused);
  RC_ASSERT(reordered.all().size() == scratch.size());
  Snapshots other = all_made(with_vips_of(reordered, followed.views()), followed.find("ZoneIngress", own_ingress),
                             followed.find("ZoneEgress", own_egress));

  for (const auto& [proxy, snapshot] : wanted) {
    RC_ASSERT((snapshot == nullptr) == (other[proxy] == nullptr));
    if (!snapshot) continue;  // it keeps what it has, which is history
    AdsClient::Held all = content(*snapshot);
    expect_same("in another order", proxy, content(*other[proxy]), all);
    auto held = followed.snapshots().find(proxy);
    if (held == followed.snapshots().end()) RC_FAIL("never served: " + proxy.mesh + "/" + proxy.name);
    expect_same("followed", proxy, content(*held->second), all);
    const Plane::Clients& clients = followed.clients().at(proxy);
    expect_same("state of the world", proxy, clients.world.held(), all);
    expect_same("delta", proxy, clients.delta.held(), all);
  }
}

TEST(Differential, AllWaysToOneMeshGiveEveryProxyTheSame) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (params.maxSuccess == rc::detail::TestParams{}.maxSuccess) params.maxSuccess = cases;
  params.maxSize = std::min(params.maxSize, 24);  // so many writes, and so many narrow ones
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = "all ways to one mesh";
  auto result = rc::detail::checkProperty(rc::detail::toProperty(&all_ways_agree), metadata, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text.str();
}

}  // namespace
}  // namespace kumasim::cp
