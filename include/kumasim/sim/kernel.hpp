/// The event queue on virtual time: what is pending, what comes next, and the fingerprint of what happened.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "kumasim/runtime/operation.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/context.hpp"
#include "kumasim/sim/event_heap.hpp"
#include "kumasim/sim/event_pool.hpp"
#include "kumasim/sim/fingerprint.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "kumasim/sim/trace.hpp"

namespace kumasim::sim {

struct KernelLimits {
  std::uint64_t events_per_instant_max = 10'000'000;  ///< beyond it virtual time stands still: a livelock
  std::size_t events_pending_max = 64'000'000;
};

/// Thrown out of step() where a limit is passed; the message names the limit, the process and the kind of event.
class LimitExceeded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Not safe across threads, and it says so: see require_home_thread().
class Kernel {
 public:
  /// Digests of prefixes are kept at every multiple of this many events, to find where two runs part.
  static constexpr std::uint64_t events_per_block = 4096;

  Kernel(std::uint64_t seed, KernelLimits limits)
      : seed_(seed),
        limits_(limits),
        tie_seed_(mix(seed, 0x71E)),
        tie_random_(tie_seed_),
        step_random_(mix(seed, 0x57E9)) {}
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  std::uint64_t seed() const { return seed_; }
  MonotonicTime now() const { return now_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t fingerprint() const { return fingerprint_.value(); }
  const std::vector<std::uint64_t>& block_fingerprints() const { return blocks_; }
  std::size_t pending() const { return pool_.used(); }
  /// The context whose event runs now; null between events.
  Context* running() const { return running_; }
  /// Null: no trace.
  void set_trace(TraceSink* sink) { trace_ = sink; }

  /// An operation that waits for complete() or cancel().
  template <class F>
  EventRef park(Context& context, EventKind kind, F&& handler) {
    if (context.ended_) return {};
    auto index = acquire(context, context.process_, kind);
    auto& slot = pool_[index];
    slot.handler.emplace(std::forward<F>(handler));
    slot.state = SlotState::parked;
    return {index, slot.generation};
  }

  /// An event at `time`, or at this instant where that has passed. `lane`: the process that it is about.
  template <class F>
  EventRef at(Context& context, std::uint32_t lane, MonotonicTime time, EventKind kind, std::uint64_t digest,
              F&& handler) {
    if (context.ended_) return {};
    auto index = acquire(context, lane, kind);
    auto& slot = pool_[index];
    slot.digest = digest;
    slot.handler.emplace(std::forward<F>(handler));
    enqueue(index, slot, time);
    return {index, slot.generation};
  }

  template <class F>
  EventRef at(Context& context, MonotonicTime time, EventKind kind, std::uint64_t digest, F&& handler) {
    return at(context, context.process_, time, kind, digest, std::forward<F>(handler));
  }

  template <class F>
  EventRef post(Context& context, EventKind kind, std::uint64_t digest, F&& handler) {
    return at(context, context.process_, now_, kind, digest, std::forward<F>(handler));
  }

  bool waiting(EventRef ref) { return pool_.alive(ref); }

  /// An operation that need not wait: due at this instant with this outcome.
  template <class F>
  void finish(Context& context, EventKind kind, const error_code& code, std::size_t count, std::uint64_t digest,
              F&& handler) {
    if (context.ended_) return;
    auto index = acquire(context, context.process_, kind);
    auto& slot = pool_[index];
    slot.handler.emplace(std::forward<F>(handler));
    slot.set_outcome(code, count, digest);
    enqueue_now(index, slot);
  }

  /// Makes a waiting operation due at this instant with this outcome; false where it no longer waits.
  bool complete(EventRef ref, const error_code& code = {}, std::size_t count = 0, std::uint64_t digest = 0);
  bool cancel(EventRef ref) { return complete(ref, asio::error::operation_aborted); }
  /// Lets a cancellation signal cancel the operation.
  void bind(asio::cancellation_slot slot, EventRef ref) {
    if (slot.is_connected() && waiting(ref)) bind_connected(slot, ref);
  }
  /// Takes the operation back: its handler is destroyed uncalled.
  void discard(EventRef ref);

  /// Runs between events, outside of every process.
  void defer(std::function<void()> call) { deferred_.push_back(std::move(call)); }

  /// Something happened that is no event of its own (a write to a disk, a kill).
  void record(std::uint32_t process, EventKind kind, std::uint64_t digest);

  /// Runs the next event if it is due by `until`; false where there is none.
  bool step(MonotonicTime until);
  /// Moves the clock without an event. REQUIRES: nothing is due before `time`.
  void advance(MonotonicTime time) {
    if (time > now_) now_ = time;
  }

  void pause(Context& context) { context.paused_ = true; }
  /// What came due meanwhile runs now, in its order.
  void resume(Context& context);
  /// Each event takes so long from when it is due, or from the end of the one before it, until it has its effect. With
  /// nothing: what has begun ends in its time, and what waits for it runs with it.
  void slow(Context& context, std::optional<DelayLaw> step);
  /// See Context::drain.
  void drain(Context& context);
  /// Ends and drains every context that has something pending, at the cost of draining one.
  void drain_all();

  /// Ends the program where another thread calls: a library that starts a thread behind our back (Asio's steady_timer
  /// does) would make every run different.
  void require_home_thread() const {
    if (std::this_thread::get_id() != home_) die_on_foreign_thread();
  }

 private:
  [[noreturn]] static void die_on_foreign_thread();
  [[noreturn]] void die_of_livelock(const EventSlot& slot) const;
  [[noreturn]] void die_of_pending() const;

  std::uint32_t acquire(Context& context, std::uint32_t lane, EventKind kind) {
    if (pool_.used() >= limits_.events_pending_max) die_of_pending();
    auto index = pool_.acquire();
    auto& slot = pool_[index];
    slot.context = &context;
    slot.lane = lane;
    slot.kind = kind;
    slot.failed = false;
    slot.count = 0;
    slot.digest = 0;
    if (trace_) note_cause(index);
    return index;
  }

  /// Destroys the handler uncalled.
  void drop(std::uint32_t index, EventSlot& slot);

  void enqueue(std::uint32_t index, EventSlot& slot, MonotonicTime time) {
    slot.state = SlotState::queued;
    if (time > now_) {
      later_.push(entry(index, slot, time, tie_at(slot.lane, time)));
    } else {
      enqueue_now(index, slot);
    }
  }

  void enqueue_now(std::uint32_t index, EventSlot& slot);

  EventEntry entry(std::uint32_t index, const EventSlot& slot, MonotonicTime time, std::uint64_t tie) {
    return {static_cast<std::uint64_t>(time.time_since_epoch().count()), tie << 32 | ++sequence_, index,
            slot.generation};
  }

  /// The tie of what was scheduled ahead for one process at one instant: drawn from the seed, the same for all of it,
  /// so that processes are shuffled and each stays first-in-first-out.
  std::uint64_t tie_at(std::uint32_t lane, MonotonicTime time) const {
    return mix(tie_seed_ + lane, static_cast<std::uint64_t>(time.time_since_epoch().count())) >> (64 - tie_bits_first);
  }

  static bool in_heap(const EventSlot& slot) {
    return slot.state == SlotState::queued || slot.state == SlotState::begun;
  }
  void work(EventEntry entry, EventSlot& slot);
  void begin_work(EventEntry entry, EventSlot& slot);
  /// The event that had begun has run, or never will: the next one begins.
  void end_work(Context& context);
  void release_held(Context& context);
  void bind_connected(asio::cancellation_slot slot, EventRef ref);
  void note_cause(std::uint32_t index);
  void trace(std::uint32_t index, const EventSlot& slot, std::uint64_t digest);
  /// The heap with the next event, null for none.
  EventHeap* next();
  /// What nobody waits for any more leaves the heaps.
  void sweep();
  void run_deferred();
  /// An event of a process that is paused or slow: true where it does not run now.
  bool set_aside(const EventEntry& entry, EventSlot& slot);
  void run(const EventEntry& entry, EventSlot& slot);

  static constexpr int tie_bits_first = 20;               // ties of events that were scheduled ahead
  static constexpr std::uint64_t tie_step_max = 1 << 14;  // how far an event made at this instant may fall behind
  static constexpr std::uint64_t tie_last = 0xFFFF'FFFF;  // beyond it: first-in-first-out
  static constexpr std::size_t stale_entries_min = 1024;  // fewer are not worth a sweep

  std::uint64_t seed_;
  KernelLimits limits_;
  MonotonicTime now_{};
  std::uint64_t events_ = 0;
  std::uint64_t events_this_instant_ = 0;
  Fingerprint fingerprint_;
  std::vector<std::uint64_t> blocks_;
  EventPool pool_;
  EventHeap later_;  // scheduled ahead
  EventHeap due_;    // made for the instant at which it was made; small, so that most events cost little
  std::size_t stale_ = 0;
  std::uint32_t sequence_ = 0;  // wraps; two events of one process and instant, four billion apart, would swap
  std::uint64_t tie_running_ = 0;
  std::uint64_t tie_seed_;
  SeededRandom tie_random_;
  SeededRandom step_random_;
  Context* running_ = nullptr;
  std::vector<std::function<void()>> deferred_;
  TraceSink* trace_ = nullptr;
  std::vector<std::uint64_t> causes_;  // by slot, while tracing
  std::uint64_t cause_ = 0;
  std::thread::id home_ = std::this_thread::get_id();
};

}  // namespace kumasim::sim
