/// A control plane that dies while it makes a mesh leaves all of the mesh or nothing of it.
#include <gtest/gtest.h>

#include "identity/manual_clock.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/codec.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

class NoLog : public Log {
 public:
  void write(const LogRecord&) override {}
};

/// What the machine still has where the process is killed now.
void copy(sim::VirtualDisk& source, sim::VirtualDisk& to) {
  for (const std::string& name : source.list("")) {
    auto file = source.open(name, OpenMode::read_only);
    std::string bytes(*(*file)->size(), '\0');
    auto got = (*file)->read(0, std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
    ASSERT_TRUE(got && *got == bytes.size());
    auto copied = to.open(name, OpenMode::create_or_open);
    ASSERT_TRUE((*copied)->write(0, std::as_bytes(std::span(bytes.data(), bytes.size()))));
  }
}

/// Secrets and policies of the mesh `demo`, and the mesh itself.
std::size_t parts(Store& store) {
  std::size_t out = 0;
  for (const Kind* kind :
       {&kind::mesh(), &kind::secret(), &kind::mesh_timeout(), &kind::mesh_retry(), &kind::mesh_circuit_breaker()})
    out += run_now(store.list(*kind, {}))->total;
  return out;
}

class NewMeshCrash : public ::testing::Test {
 protected:
  /// Calls `act` and kills the control plane at each change of its disk; the numbers of parts that were found then.
  template <class Act>
  std::set<std::size_t> parts_after_kills(Act act) {
    std::vector<std::unique_ptr<sim::VirtualDisk>> killed;
    bool watching = false;
    sim::VirtualDisk disk([&](std::uint64_t) {
      if (!watching) return;
      watching = false;
      killed.push_back(std::make_unique<sim::VirtualDisk>([](std::uint64_t) {}));
      copy(*disk_, *killed.back());
      watching = true;
    });
    disk_ = &disk;
    auto store = open_sqlite(disk, "kuma.db", random_);
    EXPECT_TRUE(store);
    MeshAuthorities authorities(**store, clock_, log_, {.ca_key = {}, .signing_key = {}});
    Manager manager(**store, clock_, &authorities, {});
    act(manager, watching);
    watching = false;
    EXPECT_GT(killed.size(), 5u) << "the disk has to change";
    std::set<std::size_t> out;
    for (const auto& left : killed) {
      auto opened = open_sqlite(*left, "kuma.db", random_);
      EXPECT_TRUE(opened) << opened.error().message;
      if (opened) out.insert(parts(**opened));
    }
    out.insert(parts(**store));
    return out;
  }

  ManualClock clock_;
  NoLog log_;
  sim::SeededRandom random_{5};
  sim::VirtualDisk* disk_ = nullptr;
};

Resource mesh(const char* yaml) { return *resource_from_yaml(yaml); }

constexpr const char* with_ca =
    "{type: Mesh, name: demo, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}";

TEST_F(NewMeshCrash, LeavesAllOfItOrNothing) {
  auto found = parts_after_kills([](Manager& manager, bool& watching) {
    watching = true;
    EXPECT_TRUE(run_now(manager.create(mesh(with_ca))));
  });
  EXPECT_EQ(found, (std::set<std::size_t>{0, 8})) << "mesh, CA, its key, signing key, four policies";
}

TEST_F(NewMeshCrash, CaThatAnUpdateAsksForComesWithTheUpdate) {
  auto found = parts_after_kills([](Manager& manager, bool& watching) {
    auto made = run_now(manager.create(mesh("{type: Mesh, name: demo}")));
    ASSERT_TRUE(made);
    Resource changed = mesh(with_ca);
    changed.meta.version = (*made)->meta.version;
    watching = true;
    EXPECT_TRUE(run_now(manager.update(changed)));
  });
  EXPECT_EQ(found, (std::set<std::size_t>{6, 8}));
}

}  // namespace
}  // namespace kumasim::cp::testing
