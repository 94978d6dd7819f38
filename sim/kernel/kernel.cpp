/// The event loop of the simulator.
#include "kumasim/sim/kernel.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace kumasim::sim {
namespace {

std::string where(MonotonicTime now, std::uint32_t process, EventKind kind) {
  return "at " + std::to_string(now.time_since_epoch().count()) + " ns in process " + std::to_string(process) +
         " by an event of kind " + to_string(kind);
}

}  // namespace

void Kernel::enqueue_now(std::uint32_t index, EventSlot& slot) {
  auto& context = *slot.context;
  if (context.tie_time_ != now_) {
    context.tie_time_ = now_;
    context.tie_ = tie_at(slot.lane, now_);
  }
  // Behind everything that this process already has at this instant, and a seeded distance behind the running event.
  auto tie = std::max(context.tie_, tie_running_);
  tie += 1 + tie_random_.next() % tie_step_max;
  context.tie_ = std::min(tie, tie_last);
  slot.state = SlotState::queued;
  due_.push(entry(index, slot, now_, context.tie_));
}

bool Kernel::complete(EventRef ref, const error_code& code, std::size_t count, std::uint64_t digest) {
  if (!pool_.alive(ref)) return false;
  auto& slot = pool_[ref.slot];
  if (in_heap(slot)) ++stale_;
  auto begun = slot.state == SlotState::begun;
  ++slot.generation;  // it waits no longer: later references to it are late
  slot.set_outcome(code, count, digest);
  if (trace_) note_cause(ref.slot);
  enqueue_now(ref.slot, slot);
  if (begun) end_work(*slot.context);
  return true;
}

void Kernel::bind_connected(asio::cancellation_slot slot, EventRef ref) {
  slot.assign([this, ref](asio::cancellation_type type) {
    if (type != asio::cancellation_type::none) cancel(ref);
  });
}

void Kernel::drop(std::uint32_t index, EventSlot& slot) {
  if (in_heap(slot)) ++stale_;
  auto handler = std::move(slot.handler);
  pool_.release(index);
}

void Kernel::discard(EventRef ref) {
  if (!pool_.alive(ref)) return;
  auto& slot = pool_[ref.slot];
  if (slot.state == SlotState::begun) end_work(*slot.context);
  drop(ref.slot, slot);
}

void Kernel::record(std::uint32_t process, EventKind kind, std::uint64_t digest) {
  fingerprint_.add(now_, process, kind, digest);
  if (trace_) trace_->on_event({events_, cause_, now_, process, kind, digest});
}

void Kernel::sweep() {
  auto stale = [this](const EventEntry& entry) { return pool_[entry.slot].generation != entry.generation; };
  later_.erase_if(stale);
  due_.erase_if(stale);
  stale_ = 0;
}

void Kernel::run_deferred() {
  auto calls = std::move(deferred_);
  deferred_.clear();
  for (auto& call : calls) call();
}

[[gnu::always_inline]] inline EventHeap* Kernel::next() {
  if (due_.empty()) return later_.empty() ? nullptr : &later_;
  // Without closing its hole: what runs now may schedule the event that fills it.
  if (later_.empty() || due_.peek_key() < later_.peek_key()) return &due_;
  return &later_;
}

bool Kernel::set_aside(const EventEntry& entry, EventSlot& slot) {
  auto& context = *slot.context;
  auto begun = slot.state == SlotState::begun;
  if (context.paused_) {
    slot.state = SlotState::held;
    if (begun) {
      context.working_ = false;
      context.held_.push_front(entry);
    } else {
      context.held_.push_back(entry);
    }
    return true;
  }
  if (begun) return false;
  work(entry, slot);
  return true;
}

[[gnu::always_inline]] inline void Kernel::run(const EventEntry& entry, EventSlot& slot) {
  if (++events_this_instant_ > limits_.events_per_instant_max) die_of_livelock(slot);
  auto& context = *slot.context;
  tie_running_ = entry.order >> 32;
  error_code code;
  auto count = slot.count;
  auto digest = slot.digest + count;
  if (slot.failed) {
    code.assign(slot.error_value, *slot.category);
    digest += static_cast<std::uint64_t>(slot.error_value) * 0x9E3779B1u;
  }
  fingerprint_.add(now_, slot.lane, slot.kind, digest);
  if (++events_ % events_per_block == 0) blocks_.push_back(fingerprint_.value());
  if (trace_) trace(entry.slot, slot, digest);
  if (slot.state == SlotState::begun) end_work(context);
  running_ = &context;
  // The handler moves itself out of the slot before it runs, so the slot is free for what it starts.
  pool_.release(entry.slot);
  struct Idle {
    Kernel& kernel;
    ~Idle() {
      kernel.running_ = nullptr;
      kernel.tie_running_ = 0;
      kernel.cause_ = 0;
    }
  } idle{*this};
  slot.handler(code, count);
}

bool Kernel::step(MonotonicTime until) {
  for (;;) {
    if (!deferred_.empty()) run_deferred();
    if (stale_ > stale_entries_min && stale_ * 2 > later_.size() + due_.size()) sweep();
    auto* heap = next();
    if (!heap) return false;
    auto entry = heap->top();
    auto& slot = pool_[entry.slot];
    if (slot.generation != entry.generation) {
      --stale_;
      heap->pop();
      continue;
    }
    if (entry.time > static_cast<std::uint64_t>(until.time_since_epoch().count())) return false;
    heap->pop();
    if (!heap->empty()) pool_.prefetch(heap->peek().slot);  // likely the next one to run
    auto time = MonotonicTime(Duration(static_cast<std::int64_t>(entry.time)));
    if (time > now_) {
      now_ = time;
      events_this_instant_ = 0;
    }
    auto& context = *slot.context;
    if (context.hindered() && set_aside(entry, slot)) continue;
    run(entry, slot);
    return true;
  }
}

void Kernel::resume(Context& context) {
  context.paused_ = false;
  release_held(context);
}

void Kernel::release_held(Context& context) {
  auto held = std::move(context.held_);
  context.held_.clear();
  for (const auto& entry : held) {
    auto& slot = pool_[entry.slot];
    if (slot.generation == entry.generation && slot.state == SlotState::held) enqueue_now(entry.slot, slot);
  }
}

void Kernel::slow(Context& context, std::optional<DelayLaw> step) {
  context.slow_ = step.has_value();
  context.step_ = step.value_or(DelayLaw());
}

void Kernel::work(EventEntry entry, EventSlot& slot) {
  auto& context = *slot.context;
  if (!context.working_) return begin_work(entry, slot);
  slot.state = SlotState::held;
  context.held_.push_back(entry);
}

void Kernel::begin_work(EventEntry entry, EventSlot& slot) {
  auto& context = *slot.context;
  auto end = now_ + context.step_.draw(step_random_);
  context.working_ = true;
  slot.state = SlotState::begun;
  later_.push(this->entry(entry.slot, slot, end, tie_at(slot.lane, end)));
}

void Kernel::end_work(Context& context) {
  context.working_ = false;
  if (context.paused_) return;
  if (!context.slow_) return release_held(context);
  while (!context.held_.empty()) {
    auto entry = context.held_.front();
    context.held_.pop_front();
    auto& slot = pool_[entry.slot];
    if (slot.generation == entry.generation && slot.state == SlotState::held) return begin_work(entry, slot);
  }
}

// A handler may own frames that discard or cancel further slots, before or behind its own.
void Kernel::drain(Context& context) {
  for (std::uint32_t index = 0; pool_.used() != 0 && index < pool_.size(); ++index) {
    auto& slot = pool_[index];
    if (slot.context == &context) drop(index, slot);
  }
  context.held_.clear();
}

void Kernel::drain_all() {
  for (std::uint32_t index = 0; index < pool_.size(); ++index)
    if (auto* context = pool_[index].context) context->mark_ended();
  for (std::uint32_t index = 0; index < pool_.size(); ++index)
    if (auto& slot = pool_[index]; slot.context != nullptr) drop(index, slot);
}

void Kernel::note_cause(std::uint32_t index) {
  if (causes_.size() <= index) causes_.resize(index + 1);
  causes_[index] = cause_;
}

void Kernel::trace(std::uint32_t index, const EventSlot& slot, std::uint64_t digest) {
  auto caused_by = index < causes_.size() ? causes_[index] : 0;
  cause_ = events_;
  trace_->on_event({events_, caused_by, now_, slot.lane, slot.kind, digest});
}

void Kernel::die_on_foreign_thread() {
  std::fputs(
      "kumasim: a simulated process was used from another thread. A library started one, or code runs outside of "
      "the world; in simulation everything runs on the world's thread.\n",
      stderr);
  std::abort();
}

void Kernel::die_of_livelock(const EventSlot& slot) const {
  throw LimitExceeded("virtual time stands still: more than events_per_instant_max = " +
                      std::to_string(limits_.events_per_instant_max) + " events " + where(now_, slot.lane, slot.kind));
}

void Kernel::die_of_pending() const {
  throw LimitExceeded("more than events_pending_max = " + std::to_string(limits_.events_pending_max) +
                      " events are pending");
}

Context::~Context() {
  mark_ended();
  drain();
  shutdown();
  drain();
}

void Context::drain() { kernel_.drain(*this); }

}  // namespace kumasim::sim
