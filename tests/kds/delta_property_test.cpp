/// What the two ends of delta streams hold on to, whatever happens between them: in the end the store of the one is as
/// the other has it, nothing is sent that is there, and what is refused keeps nothing else back.
#include <algorithm>
#include <deque>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kds/delta_bed.hpp"
#include "reference-cp/kds/store_sync.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using cp::testing::run_now;

class FixedClock : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'800'000'000)); }
  MonotonicTime now() const override { return MonotonicTime{}; }
};

/// Global's side, a zone's side, and what is on its way between them.
class Bed {
 public:
  Bed() {
    connect(false);
    put(mesh("m"));
  }

  /// Global's state.
  void put(Resource resource) {
    const Kind& kind = *resource.kind;
    truth_[&kind].insert_or_assign(resource.key(), std::move(resource));
    due_.insert(&kind);
  }
  void remove(const Kind& kind, const ResourceKey& key) {
    truth_[&kind].erase(key);
    due_.insert(&kind);
  }
  /// With all that is in it.
  void remove_mesh(const std::string& mesh) {
    mesh_was_missing_ = true;
    remove(kind::mesh(), {"", mesh});
    for (const Kind* kind : kinds_) {
      std::erase_if(truth_[kind], [&](const auto& entry) { return entry.first.mesh == mesh; });
      due_.insert(kind);
    }
  }
  /// A refresh interval passes.
  void flush() {
    for (const Kind* kind : kinds_)
      if (due_.contains(kind)) take(source_->on_snapshot(kind->type(), snapshot(*kind)));
    due_.clear();
  }

  /// The zone's own, which is in the way of Global's of that name.
  void make_own(const std::string& name) {
    Resource own = timeout(name, "7s");
    own.meta.labels["kuma.io/origin"] = "zone";
    if (run_now(store_.get(kind::mesh_timeout(), own.key()))) return;
    RC_ASSERT(run_now(store_.create(own, clock_.wall_now())).has_value());
  }
  void remove_own(const std::string& name) {
    auto own = run_now(store_.get(kind::mesh_timeout(), {"m", name}));
    if (!own || (*own)->meta.label("kuma.io/origin") != "zone") return;
    RC_ASSERT(run_now(store_.remove(kind::mesh_timeout(), {"m", name})).has_value());
  }

  /// The zone reads a response; `answers` false: the stream breaks before it answers.
  void deliver_response(bool answers) {
    if (to_zone_.empty()) return;
    auto received = sink_->on_response(to_zone_.front());
    to_zone_.pop_front();
    RC_ASSERT(received.has_value());
    const Kind& kind = *received->kind;
    auto report = run_now(sync_.apply(std::move(*received)));
    RC_ASSERT(report.has_value());
    if (!answers) return connect(true);
    to_global_.push_back(report->refusal.empty() ? sink_->acknowledge(kind)
                                                 : sink_->refuse(kind, report->refusal, report->refused));
    old_.push_back(to_global_.back());
  }
  /// Answers of different kinds may overtake each other.
  void deliver_request(std::size_t which) {
    if (to_global_.empty()) return;
    auto at = to_global_.begin() + static_cast<std::ptrdiff_t>(which % to_global_.size());
    std::string bytes = std::move(*at);
    to_global_.erase(at);
    take(source_->on_request(decoded(bytes)));
  }
  /// An answer comes a second time.
  void repeat_request(std::size_t which) {
    if (!old_.empty()) take(source_->on_request(decoded(old_[which % old_.size()])));
  }
  void retry_refused() { take(source_->retry_refused()); }

  /// A new stream; what was on its way is lost.
  void connect(bool resumes) {
    HeldVersions held = sink_ && resumes ? sink_->held() : HeldVersions{};
    source_.emplace("global");
    sink_.emplace(zone_1(), kinds_, std::move(held));
    to_zone_.clear();
    old_.clear();
    empty_sent_.clear();
    to_global_.clear();
    for (std::string& request : sink_->start()) to_global_.push_back(std::move(request));
    for (const Kind* kind : kinds_) take(source_->on_snapshot(kind->type(), snapshot(*kind)));
    due_.clear();
  }

  void settle() {
    flush();
    exchange();
    // What is sent again after the end of its mesh may wait for the next retry.
    if (mesh_was_missing_) retry_refused();
    exchange();
    RC_ASSERT(source_->settled());
    mesh_was_missing_ = truth_[&kind::mesh()].empty();
  }
  void exchange() {
    for (int turn = 0; !to_zone_.empty() || !to_global_.empty(); ++turn) {
      RC_ASSERT(turn < 10'000);
      if (to_zone_.empty())
        deliver_request(0);
      else
        deliver_response(true);
    }
  }

  /// Empty where the zone's store is as Global has it, but for what is not valid or in the way.
  std::string difference() {
    for (const Kind* kind : kinds_) {
      auto list = run_now(store_.list(*kind, {}));
      std::map<ResourceKey, ResourcePtr> stored;
      for (auto& resource : list->items) stored.emplace(resource->key(), resource);
      for (const auto& [key, wanted] : truth_[kind]) {
        auto found = stored.find(key);
        const bool is_own = found != stored.end() && found->second->meta.label("kuma.io/origin") == "zone";
        if (is_own) continue;
        if (!is_valid(wanted)) {
          if (found != stored.end() && found->second->spec == wanted.spec)
            return key.name + " is not valid, but stored";
          continue;
        }
        if (found == stored.end()) return kind->type() + " " + key.name + " is missing";
        if (found->second->spec != wanted.spec) return kind->type() + " " + key.name + " is another";
      }
      for (const auto& [key, resource] : stored)
        if (!truth_[kind].contains(key) && resource->meta.label("kuma.io/origin") != "zone")
          return kind->type() + " " + key.name + " is too much";
    }
    return "";
  }

  /// A new stream where all is as the other side has it. Of a kind that is not held at all it is told that there is
  /// nothing.
  void resume_at_rest() {
    const auto refused = source_->refused();
    connect(true);
    while (!to_global_.empty()) deliver_request(0);
    for (const std::string& bytes : to_zone_) {
      Response response;
      RC_ASSERT(response.ParseFromString(bytes));
      RC_ASSERT(response.removed_resources().empty());
      for (const auto& resource : response.resources()) {
        if (mesh_was_missing_) continue;
        RC_ASSERT(refused.contains(response.type_url()));
        RC_ASSERT(refused.at(response.type_url()).contains(resource.name()));
      }
    }
  }

  std::size_t on_its_way() const { return to_zone_.size() + to_global_.size(); }

 private:
  static SinkNode zone_1() {
    SinkNode out;
    out.id = "zone-1";
    return out;
  }
  static bool is_valid(const Resource& resource) {
    Violations violations;
    resource.kind->validate(resource, violations);
    return violations.empty();
  }

  KindSnapshotPtr snapshot(const Kind& kind) {
    std::vector<Resource> all;
    for (const auto& [key, resource] : truth_[&kind]) all.push_back(resource);
    return snapshot_of(all);
  }

  /// What the zone has taken as it is now is not sent.
  void take(const SourceActions& actions) {
    RC_ASSERT(!actions.refused.has_value());
    for (const SourceResponse& response : actions.send) {
      RC_ASSERT(!response.names.empty() || !response.removed.empty() || first_of(response.kind));
      Response parsed;
      RC_ASSERT(parsed.ParseFromString(response.bytes));
      auto held = sink_->held().find(response.kind);
      for (const auto& resource : parsed.resources()) {
        const auto refused = source_->refused();
        auto of_kind = refused.find(response.kind);
        const bool was_refused = of_kind != refused.end() && of_kind->second.contains(resource.name());
        const bool is_there = held != sink_->held().end() && held->second.contains(resource.name()) &&
                              held->second.at(resource.name()) == resource.version() && !mesh_goes() &&
                              !mesh_was_missing_;
        // With what was refused the others of its response are tried again.
        RC_ASSERT(!is_there || was_refused);
      }
      to_zone_.push_back(response.bytes);
    }
  }
  /// The end of a mesh is on its way, with which what the zone has in it goes.
  bool mesh_goes() const {
    return std::ranges::any_of(to_zone_, [](const std::string& bytes) {
      Response response;
      return response.ParseFromString(bytes) && response.type_url() == "Mesh" && response.removed_resources_size() > 0;
    });
  }
  bool first_of(const std::string& kind) { return empty_sent_.insert(kind).second; }

  std::vector<const Kind*> kinds_ = {&kind::mesh(), &kind::mesh_timeout(), &kind::secret()};
  std::map<const Kind*, std::map<ResourceKey, Resource>> truth_;
  std::set<const Kind*> due_;
  bool mesh_was_missing_ = false;  ///< since all was at rest: what is in it may go over there, and is sent again
  FixedClock clock_;
  MemoryStore store_;
  StoreSync sync_ = StoreSync::of_zone(store_, clock_);
  std::optional<DeltaSource> source_;
  std::optional<DeltaSink> sink_;
  std::deque<std::string> to_zone_, to_global_;
  std::vector<std::string> old_;
  std::set<std::string> empty_sent_;
};

std::string drawn_name() { return *rc::gen::element<std::string>("a", "b", "c", "d.e"); }

void act(Bed& bed) {
  switch (*rc::gen::resize(100, rc::gen::inRange(0, 19))) {
    case 0:
    case 1: bed.put(secret(drawn_name(), *rc::gen::element<std::string>("Zm9v", "YmFy", "YmF6"))); break;
    case 2:
    case 3: bed.put(timeout(drawn_name(), *rc::gen::element<std::string>("1s", "2s", "-1s"))); break;
    case 4: bed.remove(kind::secret(), {"m", drawn_name()}); break;
    case 5: bed.remove(kind::mesh_timeout(), {"m", drawn_name()}); break;
    case 6: bed.put(mesh("m")); break;
    case 7: bed.remove_mesh("m"); break;
    case 8: bed.make_own(drawn_name()); break;
    case 9: bed.remove_own(drawn_name()); break;
    case 10: bed.flush(); break;
    case 11: bed.deliver_response(true); break;
    case 12: bed.deliver_request(*rc::gen::inRange<std::size_t>(0, 5)); break;
    case 13: bed.repeat_request(*rc::gen::inRange<std::size_t>(0, 20)); break;
    case 14: bed.retry_refused(); break;
    case 15: bed.deliver_response(*rc::gen::arbitrary<bool>()); break;
    case 16:
    case 17: bed.settle(); break;
    case 18: bed.connect(*rc::gen::element(true, true, false)); break;
  }
}

TEST(DeltaProperty, StoreEndsAsTheOtherSideHasIt) {
  const bool ok = rc::check("after the noise all is stored that is valid and has no other in its way", [] {
    Bed bed;
    const int turns = *rc::gen::resize(100, rc::gen::inRange(1, 60));
    for (int turn = 0; turn < turns; ++turn) act(bed);
    bed.settle();
    // What was in the way may have gone meanwhile.
    bed.retry_refused();
    bed.settle();
    const std::string difference = bed.difference();
    if (!difference.empty()) RC_FAIL(difference);
    // All are at rest: nothing is said any more, and a stream that resumes is sent nothing but what was refused.
    bed.flush();
    RC_ASSERT(bed.on_its_way() == 0u);
    bed.resume_at_rest();
  });
  EXPECT_TRUE(ok);
}

TEST(DeltaProperty, RefusedKeepsNothingElseBack) {
  const bool ok = rc::check("without a retry or a new stream, all but what is refused is stored", [] {
    Bed bed;
    bed.put(mesh("m"));
    bed.settle();
    const int turns = *rc::gen::inRange(1, 20);
    for (int turn = 0; turn < turns; ++turn) {
      bed.put(timeout("bad", *rc::gen::element<std::string>("-1s", "-2s")));
      bed.put(timeout(drawn_name(), *rc::gen::element<std::string>("1s", "2s")));
      if (*rc::gen::arbitrary<bool>()) bed.remove(kind::mesh_timeout(), {"m", drawn_name()});
      bed.flush();
      if (*rc::gen::arbitrary<bool>()) continue;
      bed.settle();
      const std::string difference = bed.difference();
      if (!difference.empty()) RC_FAIL(difference);
    }
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
