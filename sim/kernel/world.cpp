/// The world: its processes and its clock.
#include "kumasim/sim/world.hpp"

#include <cassert>

#include <fmt/format.h>

namespace kumasim::sim {

World::World(Options options)
    : options_(options),
      kernel_(options.seed, options.limits),
      random_(mix(options.seed, 0xE791)),
      network_(kernel_, options.seed, options.network),
      engine_(kernel_, 0, random_),
      openssl_([this]() -> Random& { return kernel_.running() ? kernel_.running()->random() : random_; }) {}

World::~World() {
  // Whoever watched the run may be gone by now.
  set_trace(nullptr);
  log_ = {};
  life_watch_ = {};
  // What each has pending is not looked for one by one.
  kernel_.drain_all();
  for (auto& process : processes_) process->kill();
}

Process& World::add_process(std::string name, std::string address) {
  assert(!name.empty() && !find_process(name));
  auto id = static_cast<std::uint32_t>(processes_.size() + 1);
  if (address.empty()) address = fmt::format("10.{}.{}.{}", id >> 16 & 255, id >> 8 & 255, id & 255);
  processes_.push_back(std::make_unique<Process>(*this, id, std::move(name), std::move(address)));
  Process& added = *processes_.back();
  by_name_[added.name()] = &added;
  network_.add_process(added);
  return added;
}

Process* World::find_process(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string World::process_name(std::uint32_t id) const {
  if (id == 0 || id > processes_.size()) return "world";
  return processes_[id - 1]->name();
}

bool World::step(MonotonicTime time) {
  openssl_.activate();
  kernel_.require_home_thread();
  return kernel_.step(time);
}

void World::run_until(MonotonicTime time) {
  run_until_idle(time);
  kernel_.advance(time);
}

bool World::run_until_idle(MonotonicTime time) {
  openssl_.activate();
  kernel_.require_home_thread();
  while (kernel_.step(time)) {
  }
  return kernel_.pending() == 0;
}

void World::schedule(MonotonicTime time, std::function<void()> call) {
  kernel_.at(engine_, time, EventKind::engine, 0, [call = std::move(call)](error_code, std::size_t) { call(); });
}

void World::write_log(const Process& process, const LogRecord& record) {
  if (log_) log_({now(), wall_now() + process.wall_offset(), process.name(), record});
}

}  // namespace kumasim::sim
