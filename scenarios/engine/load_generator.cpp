/// Open and closed loads on a world's time.
#include "scenarios/engine/load_generator.hpp"

#include <algorithm>

#include "kumasim/sim/hash.hpp"
#include "scenarios/engine/law.hpp"

namespace kumasim::scenario {
namespace {

/// A user who finds no running caller comes back after it.
constexpr Duration absence = std::chrono::seconds(1);

bool strikes(const FaultOrder& order, const Load& load) {
  auto fits = [&](std::string_view parameter, const std::string& service) {
    return !order.has(parameter) || order.word(parameter) == service;
  };
  return fits("from", load.from) && fits("to", load.to);
}

/// It is there beside what is there already.
Load crowd_of(const Load& load, std::int64_t factor) {
  Load out = load;
  out.between_calls = std::max(load.between_calls / (factor - 1), Duration(1));
  out.users = load.users * static_cast<std::uint32_t>(factor - 1);
  return out;
}

}  // namespace

/// Waits for an answer, or thinks.
struct LoadGenerator::User {
  std::uint64_t turn = 0;  // which call it is at: what comes of an earlier one is over
};

struct LoadGenerator::Source {
  Source(const Load& what, std::uint64_t seed)
      : load(what), random(seed), keys(sim::mix(seed, 1)), next(what.start), users(what.users) {}
  Load load;
  std::uint64_t crowd = 0;  // the fault that it is the crowd of
  sim::SeededRandom random;
  sim::SeededRandom keys;  // whether a call is for the hot one
  Duration next;
  std::size_t turn = 0;
  std::vector<User> users;
};

Duration patience_of(Duration timeout, const Retries& retries) {
  return timeout * (retries.most + 1) + retries.backoff_max * retries.most;
}

LoadGenerator::LoadGenerator(const Scenario& scenario, MeshWorld& world, std::uint64_t seed, Begin begin)
    : scenario_(scenario), world_(world), seed_(seed), begin_(std::move(begin)) {
  for (const Instance& instance : scenario.instances) instances_[instance.service].push_back(&instance);
  for (std::size_t i = 0; i < scenario.load.size(); ++i)
    sources_.push_back(std::make_unique<Source>(scenario.load[i], sim::mix(sim::hash_text("load", seed), i)));
}

LoadGenerator::~LoadGenerator() = default;

void LoadGenerator::start() {
  for (const auto& source : sources_) start(*source, source->load.start);
}

void LoadGenerator::start(Source& source, Duration when) {
  world_.at(when, [this, &source] {
    if (source.users.empty()) return arrive(source);
    for (User& user : source.users) think(source, user, Duration(0));
  });
}

void LoadGenerator::begin(const FaultOrder& order) {
  faults_.push_back(order);
  if (order.kind->name == "load.flashCrowd") add_crowd(order);
}

void LoadGenerator::end(const FaultOrder& order) {
  std::erase_if(faults_, [&](const FaultOrder& other) { return other.id == order.id; });
  for (const auto& source : sources_) {
    if (source->crowd == order.id) source->load.end = std::min(source->load.end, world_.now());
  }
}

void LoadGenerator::add_crowd(const FaultOrder& order) {
  for (const Load& load : scenario_.load) {
    Duration begin = std::max(load.start, world_.now());
    if (!strikes(order, load) || begin >= load.end) continue;
    auto seed = sim::mix(sim::hash_text("crowd", seed_), sim::mix(order.id, sources_.size()));
    sources_.push_back(std::make_unique<Source>(crowd_of(load, order.number("factor")), seed));
    Source& source = *sources_.back();
    source.crowd = order.id;
    source.next = begin;
    start(source, begin);
  }
}

/// Of two faults of one kind the later one counts.
Load LoadGenerator::struck(Source& source) const {
  Load out = source.load;
  for (const FaultOrder& order : faults_) {
    if (!strikes(order, out)) continue;
    std::string_view kind = order.kind->name;
    if (kind == "load.retryStorm") {
      Duration backoff = order.duration("backoff");
      out.retries = {.most = static_cast<std::uint32_t>(order.number("retries")),
                     .backoff = backoff,
                     .backoff_max = backoff,
                     .budget_ppm = 0};
    }
    if (kind == "load.hotKey" && source.keys.below(1'000'000) < static_cast<std::uint64_t>(order.number("share")))
      out.path = order.word("path");
    if (kind == "load.largePayload") out.bytes = static_cast<std::uint64_t>(order.number("bytes"));
  }
  return out;
}

void LoadGenerator::arrive(Source& source) {
  const Load& load = source.load;
  if (world_.now() >= load.end) return;
  if (const Instance* instance = caller(source)) begin_(struck(source), *instance, {});
  Duration gap = load.poisson ? sim::DelayLaw::exponential(load.between_calls).draw(source.random) : load.between_calls;
  source.next += std::max(gap, Duration(1));  // from when it was due, so that a late machine does not thin the load
  world_.at(source.next, [this, &source] { arrive(source); });
}

void LoadGenerator::think(Source& source, User& user, Duration least) {
  Duration time = std::max(to_sim(source.load.think).draw(source.random), least);
  world_.at(world_.now() + time, [this, &source, &user] { ask(source, user); });
}

void LoadGenerator::ask(Source& source, User& user) {
  if (world_.now() >= source.load.end) return;
  const Instance* instance = caller(source);
  if (instance == nullptr) return think(source, user, absence);
  Load load = struck(source);
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
