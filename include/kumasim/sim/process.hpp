/// A simulated process: it can be killed at any instant, restarted from its disk, paused.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/sim/context.hpp"
#include "kumasim/sim/delay_law.hpp"
#include "kumasim/sim/disk.hpp"
#include "kumasim/sim/wall_skew.hpp"

namespace kumasim::sim {

class World;
struct Life;

struct KillOptions {
  UnsyncedWrites unsynced = UnsyncedWrites::keep;
};

/// The process's name and disk stay, and its address unless it moves; each life has an execution context and a random
/// stream of its own. A kill destroys the pending handlers and with them every coroutine frame of the life, in no order
/// that code may rely on: what a frame's destructor touches must not lie in another frame (see keep()).
class Process {
 public:
  /// Called in the first event of each life, with the life's runtime; it spawns coroutines and returns.
  using Main = std::function<void(Runtime&)>;

  Process(World& world, std::uint32_t id, std::string name, std::string address);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const std::string& name() const { return name_; }
  std::uint32_t id() const { return id_; }
  const std::string& address() const { return address_; }
  std::uint32_t lives() const { return lives_; }
  bool up() const { return life_ != nullptr; }
  bool paused() const;

  /// REQUIRES: !up().
  void start(Main main);
  /// No effect where it is down. Called by the process itself it takes effect after the running event.
  void kill(KillOptions options = {});
  /// Kills it where it is up and starts it with the last `main`. REQUIRES: it was started once.
  void restart(KillOptions options = {});
  /// Nothing of it runs until resume(); its machine still acknowledges what the peers send, up to the window.
  void pause();
  void resume();

  /// REQUIRES: up(). Both are the life's: keep no reference past its end.
  Runtime& runtime();
  Context& context();
  /// Owned by the life and destroyed after all of its frames. REQUIRES: up().
  void keep(std::shared_ptr<void> object);

  VirtualDisk& disk() { return disk_; }
  /// How far its wall clock is off now; what is wrong with it is kept over restarts.
  Duration wall_offset() const;
  void set_wall_offset(Duration offset) { wall_offset_ = offset; }
  /// Something more is wrong with it from now on; the answer is for remove_skew().
  std::uint64_t add_skew(WallSkew skew);
  void remove_skew(std::uint64_t number) { skews_.erase(number); }

  /// From now on each event of its code takes so long, one after another; nothing: no time. Kept over restarts.
  void set_step(std::optional<DelayLaw> step);
  /// From its next life on it has this address; its name follows. REQUIRES: !up().
  void move_to(std::string address);

  World& world() { return world_; }

 private:
  void end_life(KillOptions options);

  World& world_;
  std::uint32_t id_;
  std::string name_;
  std::string address_;
  std::uint32_t lives_ = 0;
  Main main_;
  Duration wall_offset_{};
  std::map<std::uint64_t, WallSkew> skews_;
  std::uint64_t last_skew_ = 0;
  std::optional<DelayLaw> step_;
  VirtualDisk disk_;
  std::unique_ptr<Life> life_;
  // Ended lives: a late destructor somewhere may still hold their timers and streams, which then do nothing.
  std::vector<std::unique_ptr<Life>> ended_;
};

}  // namespace kumasim::sim
