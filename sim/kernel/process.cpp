/// Lives of simulated processes.
#include "kumasim/sim/process.hpp"

#include <cassert>

#include "kumasim/sim/world.hpp"
#include "sim/kernel/life.hpp"

namespace kumasim::sim {

Process::Process(World& world, std::uint32_t id, std::string name, std::string address)
    : world_(world), id_(id), name_(std::move(name)), address_(std::move(address)), disk_([this](std::uint64_t digest) {
        world_.kernel().record(id_, EventKind::disk, digest);
      }) {}

Process::~Process() = default;

bool Process::paused() const { return life_ && life_->context.paused(); }

void Process::start(Main main) {
  assert(!up() && main);
  main_ = std::move(main);
  auto& kernel = world_.kernel();
  ++lives_;
  life_ = std::make_unique<Life>(*this, mix(mix(world_.seed(), id_), lives_));
  if (step_) kernel.slow(life_->context, step_);
  kernel.post(life_->context, EventKind::start, lives_, [this](error_code, std::size_t) { main_(life_->runtime); });
  world_.note_life(*this, true);
}

void Process::kill(KillOptions options) {
  if (!up()) return;
  auto& kernel = world_.kernel();
  if (kernel.running() != &life_->context) return end_life(options);
  // The running frame cannot be destroyed under itself.
  kernel.defer([this, options, life = life_.get()] {
    if (life_.get() == life) end_life(options);
  });
}

void Process::restart(KillOptions options) {
  assert(main_);
  auto& kernel = world_.kernel();
  if (up() && kernel.running() == &life_->context) {
    kernel.defer([this, options] { restart(options); });
    return;
  }
  kill(options);
  start(main_);
}

void Process::end_life(KillOptions options) {
  auto& kernel = world_.kernel();
  kernel.record(id_, EventKind::kill, static_cast<std::uint64_t>(options.unsynced));
  auto life = std::move(life_);
  life->context.mark_ended();
  world_.network().on_kill(id_);
  life->end();
  disk_.crash(options.unsynced, world_.random());
  ended_.push_back(std::move(life));
  world_.note_life(*this, false);
}

void Process::pause() {
  if (!up() || paused()) return;
  world_.kernel().record(id_, EventKind::pause, 0);
  world_.kernel().pause(life_->context);
}

void Process::resume() {
  if (!paused()) return;
  world_.kernel().record(id_, EventKind::resume, 0);
  world_.kernel().resume(life_->context);
}

Duration Process::wall_offset() const {
  auto out = wall_offset_;
  for (const auto& [number, skew] : skews_) out += skew.at(world_.now());
  return out;
}

std::uint64_t Process::add_skew(WallSkew skew) {
  skew.since = world_.now();
  skews_[++last_skew_] = skew;
  return last_skew_;
}

void Process::set_step(std::optional<DelayLaw> step) {
  step_ = step;
  if (life_) world_.kernel().slow(life_->context, step_);
}

void Process::move_to(std::string address) {
  assert(!up());
  address_ = std::move(address);
  world_.network().add_process(*this);
}

Runtime& Process::runtime() {
  assert(up());
  return life_->runtime;
}

Context& Process::context() {
  assert(up());
  return life_->context;
}

void Process::keep(std::shared_ptr<void> object) {
  assert(up());
  life_->kept.push_back(std::move(object));
}

}  // namespace kumasim::sim
