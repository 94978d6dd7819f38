/// Slots of pending events, in chunks that never move, used again once released.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/function.hpp"
#include "kumasim/sim/event_kind.hpp"

namespace kumasim::sim {

class Context;

using EventHandler = OnceFunction<void(const error_code&, std::size_t)>;

/// Names a pending event. It carries a generation, so a late use of it does nothing.
struct EventRef {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::uint32_t slot = none;
  std::uint32_t generation = 0;
};

enum class SlotState : std::uint8_t {
  free,
  parked,  ///< waits for complete(); in no heap
  queued,  ///< in a heap
  begun,   ///< the same, and its process, which is slow, works on it
  held,    ///< due, but its process is paused, or works on another one
};

/// Two cache lines, of which the second is only looked at for errors and for handlers of more than two words.
struct alignas(64) EventSlot {
  std::size_t count = 0;
  std::uint64_t digest = 0;
  Context* context = nullptr;
  std::uint32_t generation = 0;
  std::uint32_t lane = 0;  // the process that the event is about; while free: the next free slot
  EventKind kind{};
  SlotState state = SlotState::free;
  bool failed = false;
  EventHandler handler;
  // Of what failed.
  int error_value = 0;
  const boost::system::error_category* category = nullptr;

  void set_outcome(const error_code& code, std::size_t bytes, std::uint64_t payload_digest) {
    count = bytes;
    digest = payload_digest;
    failed = code.failed();
    if (!failed) return;
    category = &code.category();
    error_value = code.value();
  }
};
static_assert(sizeof(EventSlot) == 128);

class EventPool {
 public:
  EventSlot& operator[](std::uint32_t index) { return chunks_[index / slots_per_chunk][index % slots_per_chunk]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(chunks_.size()) * slots_per_chunk; }
  std::size_t used() const { return used_; }

  /// Brings a slot near that is about to be used.
  void prefetch(std::uint32_t index) { __builtin_prefetch(&(*this)[index], 1); }

  std::uint32_t acquire() {
    if (free_ == EventRef::none) grow();
    auto index = free_;
    free_ = (*this)[index].lane;
    ++used_;
    return index;
  }

  /// REQUIRES: the handler is empty or about to be called. The storage stays as it is until the next acquire().
  void release(std::uint32_t index) {
    auto& slot = (*this)[index];
    slot.state = SlotState::free;
    ++slot.generation;
    slot.context = nullptr;
    slot.lane = free_;
    free_ = index;
    --used_;
  }

  bool alive(EventRef ref) {
    if (ref.slot == EventRef::none) return false;
    auto& slot = (*this)[ref.slot];
    return slot.generation == ref.generation && slot.state != SlotState::free;
  }

 private:
  static constexpr std::uint32_t slots_per_chunk = 1024;

  void grow() {
    auto base = size();
    chunks_.push_back(std::make_unique<EventSlot[]>(slots_per_chunk));
    for (auto i = slots_per_chunk; i-- > 0;) {
      (*this)[base + i].lane = free_;
      free_ = base + i;
    }
  }

  std::vector<std::unique_ptr<EventSlot[]>> chunks_;
  std::uint32_t free_ = EventRef::none;
  std::size_t used_ = 0;
};

}  // namespace kumasim::sim
