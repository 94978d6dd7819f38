/// What each fault of processes and of their clocks does to one that reads a stream; and that runs repeat.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <span>

#include <fmt/format.h>

#include "kumasim/fault/catalogue.hpp"
#include "kumasim/runtime/task.hpp"
#include "tests/scenarios/fault_bed.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

TEST(ProcessFaults, AKillIsAResetAndTheDiskStays) {
  FaultBed bed("- {fault: proc.kill, at: 1s, for: 5s, target: b-0}");
  bed.run(10s);
  ASSERT_FALSE(bed.failures.empty());
  EXPECT_EQ(bed.failures[0].text, "Connection reset by peer");
  EXPECT_TRUE(bed.lines_between(1s, 6s).empty());
  EXPECT_GT(bed.lines.back().at, 9900ms);
  EXPECT_EQ(bed.disk_bytes["b-0"], (std::vector<std::size_t>{0, 1}));
}

TEST(ProcessFaults, APowerFailureLosesWhatWasNotSynced) {
  FaultBed bed("- {fault: proc.kill, at: 1s, for: 5s, target: kuma-cp, disk: lose}");
  bed.run(10s);
  EXPECT_EQ(bed.disk_bytes["kuma-cp"], (std::vector<std::size_t>{0, 0}));
}

TEST(ProcessFaults, AStopAsksFirstAndKillsLater) {
  FaultBed bed("- {fault: proc.stop, at: 1s, for: 8s, target: b-0, grace: 3s}");
  bed.run(12s);
  EXPECT_EQ(bed.stopped, std::vector<std::string>{"b-0"});
  EXPECT_FALSE(bed.lines_between(3500ms, 3900ms).empty()) << "it works on while it ends";
  EXPECT_TRUE(bed.lines_between(4010ms, 9s).empty());
  EXPECT_GT(bed.lines.back().at, 11900ms);
  EXPECT_EQ(bed.process("b-0").lives(), 2u);
}

TEST(ProcessFaults, ARestartKeepsTheDiskAndAWipeDoesNot) {
  FaultBed restarted("- {fault: proc.restart, at: 1s, target: b-0}");
  FaultBed wiped("- {fault: proc.wipe, at: 1s, target: kuma-cp}");
  restarted.run(3s);
  wiped.run(3s);
  EXPECT_EQ(restarted.disk_bytes["b-0"], (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(wiped.disk_bytes["kuma-cp"], (std::vector<std::size_t>{0, 0}));
}

TEST(ProcessFaults, ANewAddressHasTheOldNameAndDisk) {
  FaultBed bed("- {fault: proc.newAddress, at: 1s, target: b-0}");
  std::string before = bed.process("b-0").address();
  bed.run(3s);
  EXPECT_NE(bed.process("b-0").address(), before);
  EXPECT_EQ(bed.disk_bytes["b-0"], (std::vector<std::size_t>{0, 1}));
  EXPECT_GT(bed.lines.back().at, 2900ms);
}

TEST(ProcessFaults, APauseHoldsUpAndLosesNothing) {
  FaultBed bed("- {fault: proc.pause, at: 1s, for: 5s, target: b-0}");
  bed.run(10s);
  EXPECT_TRUE(bed.failures.empty());
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size()));
  for (const auto& line : bed.lines) EXPECT_TRUE(line.at <= 1s || line.at >= 6s) << line.at.count();
}

TEST(ProcessFaults, ASlowProcessFallsBehindAndCatchesUp) {
  // A line every 10 ms, and each takes some steps of 20 ms.
  FaultBed bed("- {fault: proc.slow, at: 1s, for: 4s, target: b-0, step: 20ms}");
  bed.run(10s);
  auto slow = bed.lines_between(3s, 4s);
  ASSERT_FALSE(slow.empty());
  for (const auto& line : slow) EXPECT_GE(line.delay(), 20ms);
  EXPECT_TRUE(bed.failures.empty());
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size())) << "in order, and all of them";
  EXPECT_LT(bed.lines.back().delay(), 5ms);
}

TEST(ProcessFaults, AProcessComesBackWithTheLastThatHeldItDown) {
  struct Case {
    const char* faults;
    Duration back;
    std::uint64_t lives;
  };
  for (const Case& c : {
           Case{"- {fault: proc.kill, at: 1s, for: 3s, target: b-0}\n  - {fault: proc.kill, at: 2s, for: 6s, target: "
                "b-0}",
                8s, 2},
           Case{"- {fault: proc.kill, at: 1s, for: 7s, target: b-0}\n  - {fault: proc.stop, at: 2s, for: 2s, target: "
                "b-0}",
                8s, 2},
           Case{"- {fault: proc.kill, at: 1s, for: 7s, target: b-0}\n  - {fault: proc.restart, at: 3s, target: b-0}",
                8s, 2},
           Case{"- {fault: proc.kill, at: 1s, for: 7s, target: b-0}\n  - {fault: proc.newAddress, at: 3s, target: b-0}",
                8s, 2},
       }) {
    FaultBed bed(c.faults);
    bed.run(14s);
    for (const auto& line : bed.lines) EXPECT_TRUE(line.at < 1010ms || line.at > c.back) << c.faults << line.at.count();
    EXPECT_GT(bed.lines.back().at, 13s) << c.faults;
    EXPECT_EQ(bed.process("b-0").lives(), c.lives) << c.faults;
  }
}

TEST(ProcessFaults, AStopOfADeadProcessAsksNobodyAndKeepsItDown) {
  // The process is down when the stop begins, and the stop keeps it down until its own end.
  FaultBed bed(
      "- {fault: proc.kill, at: 1s, for: 2s, target: b-0}\n  - {fault: proc.stop, at: 2s, for: 4s, target: b-0}");
  bed.run(10s);
  EXPECT_TRUE(bed.stopped.empty()) << "it was down";
  EXPECT_EQ(bed.process("b-0").lives(), 2u);
  for (const auto& line : bed.lines) EXPECT_TRUE(line.at < 1010ms || line.at > 6s) << line.at.count();
}

TEST(ProcessFaults, ASlowProcessIsQuickAfterTheEnd) {
  // It falls far behind: some tenths of a second for each line, and a hundred lines a second.
  FaultBed bed("- {fault: proc.slow, at: 1s, for: 4s, target: b-0, step: 100ms}");
  bed.run(10s);
  ASSERT_FALSE(bed.lines_between(5500ms, 9900ms).empty());
  for (const auto& line : bed.lines_between(5500ms, 9900ms)) EXPECT_LT(line.delay(), 5ms);
  EXPECT_TRUE(bed.failures.empty());
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size())) << "in order, and all of them";
}

std::string text_of(File& file) {
  std::string out(*file.size(), ' ');
  EXPECT_TRUE(file.read(0, std::as_writable_bytes(std::span(out))));
  return out;
}

Result<> write(File& file, std::uint64_t offset, std::string_view text) {
  return file.write(offset, std::as_bytes(std::span(text)));
}

/// A bed whose fault lasts from 1 s to 5 s, at 2 s, with a file on the control plane's disk that held "abc" before.
struct DiskBed {
  explicit DiskBed(const std::string& fault) : bed("- {at: 1s, for: 4s, target: kuma-cp, fault: " + fault + "}") {
    bed.run(500ms);
    file = std::move(*disk().open("f", OpenMode::create_or_open));
    EXPECT_TRUE(write(*file, 0, "abc"));
    EXPECT_TRUE(file->sync());
    bed.run(2s);
  }
  Disk& disk() { return bed.process("kuma-cp").disk(); }
  FaultBed bed;
  std::unique_ptr<File> file;
};

TEST(DiskFaults, FailAndFillAndForbidUntilTheyEnd) {
  DiskBed broken("disk.eio"), full("disk.enospc"), fixed("disk.readOnly");
  EXPECT_EQ(*broken.file->size(), 3u);
  EXPECT_EQ(write(*broken.file, 0, "x").error().code, Code::unavailable);
  EXPECT_EQ(broken.disk().open("f", OpenMode::read_only).error().code, Code::unavailable);
  EXPECT_TRUE(write(*full.file, 0, "xyz"));
  EXPECT_EQ(write(*full.file, 3, "d").error().code, Code::resource_exhausted);
  EXPECT_EQ(write(*fixed.file, 0, "x").error().code, Code::permission_denied);
  EXPECT_EQ(fixed.disk().remove("f").error().code, Code::permission_denied);
  EXPECT_EQ(text_of(*fixed.file), "abc");
  for (DiskBed* each : {&broken, &full, &fixed}) {
    each->bed.run(6s);
    EXPECT_TRUE(write(*each->file, 3, "d"));
  }
  EXPECT_EQ(text_of(*broken.file), "abcd");
}

TEST(DiskFaults, SomeOperationsFailWhereNotAllDo) {
  DiskBed bed("disk.eio, share: 30%");
  int failed = 0;
  for (int i = 0; i < 1000; ++i) failed += write(*bed.file, 0, "x") ? 0 : 1;
  EXPECT_NEAR(failed, 300, 60);
}

TEST(DiskFaults, ALostSyncIsSeenAfterAPowerFailure) {
  DiskBed bed("disk.lostFsync");
  EXPECT_TRUE(write(*bed.file, 3, "def"));
  EXPECT_TRUE(bed.file->sync());
  EXPECT_EQ(text_of(*bed.file), "abcdef");
  bed.bed.process("kuma-cp").kill({.unsynced = sim::UnsyncedWrites::lose});
  EXPECT_EQ(text_of(*bed.file), "abc");
}

TEST(DiskFaults, RotChangesOneBitOfWhatIsReadAndNothingOfWhatIsStored) {
  DiskBed bed("disk.bitrot");
  std::string read = text_of(*bed.file);
  int bits = 0;
  for (std::size_t i = 0; i < 3; ++i) bits += std::popcount(static_cast<unsigned char>(read[i] ^ "abc"[i]));
  EXPECT_EQ(bits, 1);
  bed.bed.run(6s);
  EXPECT_EQ(text_of(*bed.file), "abc");
}

asio::awaitable<void> tick(Runtime& runtime, std::vector<Duration>& ticks) {
  for (;;) {
    ticks.push_back(runtime.clock.now().time_since_epoch());
    co_await sleep(runtime.timers, 10ms);
  }
}

/// A DiskBed whose control plane notes the time each 10 ms, from 2 s on.
struct TickingDiskBed : DiskBed {
  explicit TickingDiskBed(const std::string& fault) : DiskBed(fault) {
    sim::Process& process = bed.process("kuma-cp");
    process.kill();
    process.start([this](Runtime& runtime) { spawn(runtime.executor, runtime.log, "ticks", tick(runtime, ticks)); });
  }
  std::vector<Duration> ticks;
};

TEST(DiskFaults, AnOperationThatTakesTimeHoldsTheProcessUp) {
  TickingDiskBed stalled("disk.stall, delay: 500ms"), throttled("disk.throttle, bandwidth: 4000");
  EXPECT_TRUE(write(*stalled.file, 0, "x"));
  EXPECT_TRUE(stalled.file->sync());
  EXPECT_TRUE(write(*throttled.file, 0, std::string(4000, 'x')));
  for (TickingDiskBed* each : {&stalled, &throttled}) {
    each->bed.run(8s);
    ASSERT_FALSE(each->ticks.empty());
    EXPECT_EQ(each->ticks.front(), 3s);
    EXPECT_NEAR(static_cast<double>(each->ticks.size()), 500, 2);
    EXPECT_TRUE(write(*each->file, 0, "y"));
    EXPECT_FALSE(each->bed.process("kuma-cp").paused()) << "the fault is over";
  }
}

TEST(DiskFaults, ANewLifeDoesNotWaitForWhatTheLastOneLeft) {
  TickingDiskBed bed("disk.stall, delay: 500ms");
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(write(*bed.file, 0, "x"));
  bed.bed.run(2500ms);
  sim::Process& process = bed.bed.process("kuma-cp");
  process.kill();
  process.start([&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "ticks", tick(runtime, bed.ticks)); });
  EXPECT_TRUE(write(*bed.file, 0, "y"));
  bed.bed.run(4s);
  ASSERT_FALSE(bed.ticks.empty());
  EXPECT_EQ(bed.ticks.front(), 3s);
  EXPECT_NEAR(static_cast<double>(bed.ticks.size()), 100, 2);
}

TEST(DiskFaults, AStallAndAPauseEndWithTheLaterOfThem) {
  TickingDiskBed bed("disk.stall, delay: 500ms}\n  - {at: 2100ms, for: 1s, target: kuma-cp, fault: proc.pause");
  EXPECT_TRUE(write(*bed.file, 0, "x"));
  bed.bed.run(8s);
  ASSERT_FALSE(bed.ticks.empty());
  EXPECT_EQ(bed.ticks.front(), 3100ms);
}

TEST(DiskFaults, APowerFailureTearsAWriteBySectors) {
  int torn = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    DiskBed bed("disk.torn");
    std::string before(2048, 'a');
    EXPECT_TRUE(write(*bed.file, 0, before));
    EXPECT_TRUE(bed.file->sync());
    EXPECT_TRUE(write(*bed.file, 256, std::string(1024, 'b')));
    for (std::uint64_t i = 0; i < seed; ++i) bed.bed.world.random().next();
    bed.bed.process("kuma-cp").kill({.unsynced = sim::UnsyncedWrites::lose_some});
    std::string after = text_of(*bed.file);
    EXPECT_EQ(after.size(), before.size());
    // The write covers the second half of a sector, a whole one, and the first half of another.
    for (auto [from, to] : {std::pair{256, 512}, std::pair{512, 1024}, std::pair{1024, 1280}}) {
      std::string part = after.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
      EXPECT_EQ(part.find_first_not_of(part[0]), std::string::npos) << from;
    }
    bool some = after.find('b') != std::string::npos;
    torn += some && std::ranges::count(after, 'b') < 1024 ? 1 : 0;
  }
  EXPECT_GT(torn, 0);
}

TEST(DiskFaults, AMisdirectedWriteLandsASectorLater) {
  DiskBed bed("disk.misdirected");
  EXPECT_TRUE(write(*bed.file, 0, "xyz"));
  std::string after = text_of(*bed.file);
  EXPECT_EQ(after.substr(0, 3), "abc");
  EXPECT_EQ(after.substr(512), "xyz");
}

TEST(ProcessFaults, ALimitedProcessRunsInItsShareOfEachPeriod) {
  FaultBed bed("- {fault: proc.limit, at: 1s, for: 4s, period: 1s, quota: 30%, target: b-0}");
  bed.run(8s);
  for (const auto& line : bed.lines) {
    auto into = (line.at - 1s) % 1s;
    EXPECT_TRUE(line.at <= 1s || line.at >= 5s || into <= 300ms) << line.at.count();
  }
  EXPECT_TRUE(bed.failures.empty());
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size()));
}

TEST(ProcessFaults, ARestartAsSomethingElseIsUndone) {
  FaultBed bed("- {fault: proc.restartAs, at: 1s, for: 3s, set: version=v2, target: b-0}");
  bed.run(3s);
  EXPECT_EQ(bed.overrides["b-0"], "version=v2");
  EXPECT_EQ(bed.process("b-0").lives(), 2u);
  bed.run(6s);
  EXPECT_EQ(bed.overrides["b-0"], "");
  EXPECT_EQ(bed.process("b-0").lives(), 3u);
}

TEST(ClockFaults, AreOffAsTheySayAndRightAfterwards) {
  struct Case {
    const char* fault;
    Duration at_6s, at_7s;  // how far off
    bool right_after = true;
  };
  const Case cases[] = {
      {"clock.offset, by: -5m, for: 20s", -5min, -5min},
      {"clock.drift, rate: 100000, for: 20s", 400ms, 500ms},
      {"clock.jump, by: 1h", 1h, 1h, false},
      {"clock.strobe, by: 10s, period: 1s, for: 20s", 10s, 0s},
      {"clock.step, by: 1m, period: 1s, for: 20s", 5min, 6min},
      {"clock.freeze, for: 20s", -4s, -5s},
      {"clock.sine, by: 1s, period: 40s, for: 20s", 588ms, 707ms},  // sines of 36 and 45 degrees
  };
  for (const Case& c : cases) {
    FaultBed bed(std::string("- {at: 2s, target: b-0, fault: ") + c.fault + "}");
    bed.run(30s);
    auto off = [&](Duration at) { return bed.lines_between(at, at + 100ms).at(1).wall_off; };
    // The lines are some milliseconds after the full second.
    EXPECT_NEAR(static_cast<double>(off(6s).count()), static_cast<double>(c.at_6s.count()), 3e7) << c.fault;
    EXPECT_NEAR(static_cast<double>(off(7s).count()), static_cast<double>(c.at_7s.count()), 3e7) << c.fault;
    EXPECT_EQ(off(1s), 0s) << c.fault;
    EXPECT_EQ(off(25s) == 0s, c.right_after) << c.fault;
    // Monotonic time went its way, or the lines would not be where they are.
    EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size()));
  }
}

TEST(Faults, StrikeAgainAndAgainWhereTheyRecur) {
  FaultBed bed("- {fault: proc.restart, at: 1s, every: 2s, target: b-0}");
  bed.run(10s);
  EXPECT_EQ(bed.process("b-0").lives(), 6u);  // at 1, 3, 5, 7 and 9 s
}

/// A fault of every kind that the simulated world has, one after the other.
std::string all_of_them() {
  std::string out;
  int at = 1;
  for (const fault::Kind& kind : fault::kinds()) {
    bool of_processes = kind.whom == fault::Whom::processes || kind.whom == fault::Whom::ways;
    bool of_zones = kind.name.starts_with("kds.") || kind.name == "store.leaderFlap";  // there are none here
    bool of_proxies = kind.name == "pki.wrongSan" || kind.name == "pki.revokedToken";  // nor these
    if (!kind.not_sim.empty() || !kind.heals.empty() || !of_processes || of_zones || of_proxies) continue;
    out += fmt::format("{}- {{fault: {}, at: {}s, ", out.empty() ? "" : "\n  ", kind.name, at);
    if (kind.lasting) out += "for: 2s, ";
    for (const fault::Parameter& parameter : kind.parameters) {
      if (parameter.name != "shape") out += fmt::format("{}: {}, ", parameter.name, parameter.example);
    }
    bool disk = kind.name.starts_with("disk.") || kind.name == "proc.wipe" || kind.find_parameter("disk") != nullptr ||
                kind.stores;
    out += disk ? "target: kuma-cp}" : "target: b-0}";
    at += 3;
  }
  return out;
}

struct Digest {
  std::uint64_t events, fingerprint;
  std::size_t lines;
  auto operator<=>(const Digest&) const = default;
};
Digest run(const std::string& faults, std::uint64_t seed) {
  FaultBed bed(faults, {.seed = seed, .pause = 50ms});
  bed.run(290s);
  return {bed.world.events(), bed.world.fingerprint(), bed.lines.size()};
}

TEST(Faults, OneSeedOneRunWithAllKinds) {
  std::string faults = all_of_them();
  Digest first = run(faults, 1);
  EXPECT_EQ(first, run(faults, 1));
  EXPECT_NE(first.fingerprint, run(faults, 2).fingerprint);
  EXPECT_GT(first.lines, 100u);
}

TEST(Faults, ShowInTheFingerprintAlsoWhereNobodyNotices) {
  Digest nothing = run("[]", 1);
  EXPECT_EQ(nothing, run("[]", 1));
  EXPECT_NE(nothing.fingerprint, run("- {fault: clock.offset, at: 1s, by: 1ms, target: kuma-cp}", 1).fingerprint);
}

TEST(Faults, EveryKindOfTheCatalogueIsKnownOrRefused) {
  for (const fault::Kind& kind : fault::kinds()) {
    bool of_processes = kind.whom == fault::Whom::processes || kind.whom == fault::Whom::ways;
    bool carried_out = of_processes && kind.heals.empty() && kind.made_of.empty() && kind.not_sim.empty();
    EXPECT_EQ(SimFaults::knows(kind.name), carried_out) << kind.name;
  }
}

}  // namespace
}  // namespace kumasim::scenario
