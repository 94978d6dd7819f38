/// After a death at any point of any write, the store opens, and every acknowledged write is there.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "store/dying_disk.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

using Model = std::map<std::string, int>;  // name to value

struct Step {
  int action = 0;  // 0 writes, 1 removes
  std::string name;
  int value = 0;
};

enum class Outcome { nothing_to_do, acknowledged, unknown };

/// One write. `model` becomes what it should be if the write took place.
Outcome apply(Store& store, const Step& step, Model& model, int second) {
  auto told = [](bool ok) { return ok ? Outcome::acknowledged : Outcome::unknown; };
  Resource resource = make_resource(kind::dataplane(), "m", step.name, {{"value", step.value}});
  auto found = run_now(store.get(kind::dataplane(), {"m", step.name}));
  if (step.action == 1) {
    model.erase(step.name);
    return found ? told(run_now(store.remove(kind::dataplane(), {"m", step.name})).has_value())
                 : Outcome::nothing_to_do;
  }
  model[step.name] = step.value;
  if (!found) return told(run_now(store.create(resource, at_second(second))).has_value());
  resource.meta.version = (*found)->meta.version;
  return told(run_now(store.update(resource, at_second(second))).has_value());
}

Model content(Store& store) {
  Model out;
  auto list = run_now(store.list(kind::dataplane(), {}));
  for (const auto& item : list->items) out[item->meta.name] = item->spec["value"];
  return out;
}

TEST(StoreCrash, AcknowledgedWritesSurviveADeathAtAnyPoint) {
  int deaths = 0;
  const bool ok = rc::check("acknowledged writes survive, and the store opens", [&] {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const int lives = *rc::gen::inRange(1, 4);
    sim::VirtualDisk disk([](std::uint64_t) {});
    sim::SeededRandom random(seed);
    disk.set_faults({.tears = *rc::gen::arbitrary<bool>()}, random);
    // What may be found: what the last acknowledged write left, and what writes since then made that nobody has
    // acknowledged. A life may see one of those and a power failure take it back all the same.
    std::set<Model> possible{Model{}};
    for (int life = 0; life < lives; ++life) {
      const int changes = *rc::gen::inRange(1, 80);
      DyingDisk dying(disk, changes);
      {
        auto store = open_sqlite(dying, "store.db", random);
        if (store) {
          Model there = content(**store);
          RC_ASSERT(possible.contains(there));
          for (int second = 0; second < 40 && !dying.dead(); ++second) {
            Step step;
            step.action = static_cast<int>(random.below(4) == 0);
            step.name = std::string(1, static_cast<char>('a' + random.below(5)));
            step.value = static_cast<int>(random.below(1000));
            Outcome outcome = apply(**store, step, there, second);
            if (outcome == Outcome::acknowledged) possible.clear();
            if (outcome != Outcome::nothing_to_do) possible.insert(there);
            if (outcome == Outcome::unknown) break;
          }
        } else {
          RC_ASSERT(dying.dead());
        }
      }
      if (dying.dead()) ++deaths;
      disk.crash(
          *rc::gen::element(sim::UnsyncedWrites::keep, sim::UnsyncedWrites::lose, sim::UnsyncedWrites::lose_some),
          random);
    }
    auto store = open_sqlite(disk, "store.db", random);
    RC_ASSERT(store.has_value());
    RC_ASSERT(possible.contains(content(**store)));
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(deaths, 20) << "the deaths must be met, or nothing was tried";
}

}  // namespace
}  // namespace kumasim::cp::testing
