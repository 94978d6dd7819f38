/// Open and closed loads on a world's time.
#include "scenarios/engine/load_generator.hpp"

#include <algorithm>

#include "kumasim/sim/hash.hpp"
#include "scenarios/engine/law.hpp"

namespace kumasim::scenario {
namespace {

/// A user who finds no running caller comes back after it.
constexpr Duration absence = std::chrono::seconds(1);

}  // namespace

/// Waits for an answer, or thinks.
struct LoadGenerator::User {
  std::uint64_t turn = 0;  // which call it is at: what comes of an earlier one is over
};

struct LoadGenerator::Source {
  Source(const Load& what, std::uint64_t seed) : load(what), random(seed), next(what.start), users(what.users) {}
  const Load& load;
  sim::SeededRandom random;
  Duration next;
  std::size_t turn = 0;
  std::vector<User> users;
};

Duration patience_of(Duration timeout, const Retries& retries) {
  return timeout * (retries.most + 1) + retries.backoff_max * retries.most;
}

LoadGenerator::LoadGenerator(const Scenario& scenario, MeshWorld& world, std::uint64_t seed, Begin begin)
    : scenario_(scenario), world_(world), begin_(std::move(begin)) {
  for (const Instance& instance : scenario.instances) instances_[instance.service].push_back(&instance);
  for (std::size_t i = 0; i < scenario.load.size(); ++i)
    sources_.push_back(std::make_unique<Source>(scenario.load[i], sim::mix(sim::hash_text("load", seed), i)));
}

LoadGenerator::~LoadGenerator() = default;

void LoadGenerator::start() {
  for (const auto& owned : sources_) {
    Source& source = *owned;
    world_.at(source.load.start, [this, &source] {
      if (source.users.empty()) return arrive(source);
      for (User& user : source.users) think(source, user, Duration(0));
    });
  }
}

void LoadGenerator::arrive(Source& source) {
  const Load& load = source.load;
  if (world_.now() >= load.end) return;
  if (const Instance* instance = caller(source)) begin_(load, *instance, {});
  Duration gap = load.poisson ? sim::DelayLaw::exponential(load.between_calls).draw(source.random) : load.between_calls;
  source.next += std::max(gap, Duration(1));  // from when it was due, so that a late machine does not thin the load
  world_.at(source.next, [this, &source] { arrive(source); });
}

void LoadGenerator::think(Source& source, User& user, Duration least) {
  Duration time = std::max(to_sim(source.load.think).draw(source.random), least);
  world_.at(world_.now() + time, [this, &source, &user] { ask(source, user); });
}

void LoadGenerator::ask(Source& source, User& user) {
  const Load& load = source.load;
  if (world_.now() >= load.end) return;
  const Instance* instance = caller(source);
  if (instance == nullptr) return think(source, user, absence);
  std::uint64_t turn = ++user.turn;
  auto go_on = [this, &source, &user, turn] {
    if (user.turn != turn) return;
    ++user.turn;
    think(source, user, Duration(1));
  };
  // A caller that dies never hears of the answer.
  world_.at(world_.now() + patience_of(load.timeout, load.retries) + absence, go_on);
  begin_(load, *instance, go_on);
}

const Instance* LoadGenerator::caller(Source& source) {
  std::vector<const Instance*> callers;
  for (const Instance* instance : instances_[source.load.from]) {
    if (world_.up(instance->process)) callers.push_back(instance);
  }
  return callers.empty() ? nullptr : callers[source.turn++ % callers.size()];
}

}  // namespace kumasim::scenario
