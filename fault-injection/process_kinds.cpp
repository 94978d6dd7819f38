/// Faults of processes, of their disks and of their clocks.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

constexpr std::string_view no_power = "a power failure needs a machine of its own";
constexpr std::string_view no_shared_clock = "real processes read the one clock of the machine";

/// How far a clock is off.
Parameter by(std::string_view text) {
  return {.name = "by", .type = Type::offset, .text = text, .example = "[-5m, 5m]", .required = true};
}

Parameter period(std::string_view text) {
  return {.name = "period", .type = Type::duration, .text = text, .example = "[1s, 10s]", .fallback = "1s"};
}

}  // namespace

std::vector<Kind> process_kinds() {
  return {
      {.name = "proc.kill",
       .text = "The processes are gone without a word; their machines reset their connections",
       .begins = "kill {}",
       .ends = "start {}",
       .end = "they start from their disks",
       .ends_life = true,
       .recorded = false,
       .parameters =
           {{.name = "disk",
             .type = Type::word,
             .text = "what becomes of writes that were not synced: keep them all (the process died), lose them, or "
                     "loseSome (the power failed)",
             .example = "loseSome",
             .fallback = "keep",
             .words = {"keep", "lose", "loseSome"},
             .not_live = no_power}}},
      {.name = "proc.stop",
       .text = "The processes are asked to end (SIGTERM): a control plane ends at once, a proxy drains its "
               "connections; then they are killed",
       .begins = "stop {}",
       .ends = "start {}",
       .end = "they start from their disks",
       .ends_life = true,
       .parameters = {{.name = "grace",
                       .type = Type::duration,
                       .text = "how long they may take to end",
                       .example = "[1s, 10s]",
                       .fallback = "5s"}}},
      {.name = "proc.restart",
       .text = "The processes are killed and start at once from their disks",
       .lasting = false,
       .begins = "restart {}",
       .ends_life = true,
       .recorded = false},
      {.name = "proc.wipe",
       .text = "The processes are killed and start at once with empty disks",
       .lasting = false,
       .begins = "wipe {}",
       .not_live = "real processes of a run share one folder",
       .ends_life = true},
      {.name = "proc.restartAs",
       .text =
           "The processes are killed and start at once with another setting or as another version; what is expected "
           "of tags goes by those that the scenario gives",
       .begins = "restart {} otherwise",
       .ends = "restart {} as before",
       .end = "they are killed and start as the scenario has them",
       .not_live = "the live world starts its processes with what the scenario says",
       .parameters = {{.name = "set",
                       .type = Type::text,
                       .text = "NAME=VALUE: a setting of a control plane, or a tag of an instance",
                       .example = "version=v9",
                       .required = true}}},
      {.name = "proc.newAddress",
       .text = "The processes are killed and start at once with other addresses; their names follow",
       .lasting = false,
       .begins = "move {} to another address",
       .not_live = "real processes keep the addresses that the run gave them",
       .ends_life = true},
      {.name = "proc.pause",
       .text = "The processes hang (SIGSTOP); their machines still acknowledge what they are sent",
       .begins = "pause {}",
       .ends = "resume {}",
       .end = "they go on with all that came meanwhile; proc.resume does the same",
       .recorded = false},
      {.name = "proc.resume",
       .text = "The end of pauses",
       .lasting = false,
       .begins = "resume {}",
       .heals = "proc.pause",
       .recorded = false},
      {.name = "proc.slow",
       .text = "The processes have little of a processor: each step of theirs takes time, one after another",
       .begins = "slow {}",
       .ends = "let {} run at full speed",
       .end = "steps take no time again",
       .not_live = "it needs the kernel's control groups, which the live world does not make",
       .parameters = {{.name = "step",
                       .type = Type::delay,
                       .text = "how long each step takes: a message, a timer, a continuation",
                       .example = "[50us, 200us]",
                       .required = true}}},
      {.name = "proc.limit",
       .text = "The processes use up their share of a processor and hang for the rest of each period, as a control "
               "group with a quota makes busy ones do",
       .begins = "limit {}",
       .ends = "limit {} no more",
       .end = "they have the whole processor again",
       .made_of = "proc.pause",
       .parameters = {{.name = "quota",
                       .type = Type::percent,
                       .text = "part of each period in which they run",
                       .example = "[10%, 90%]",
                       .fallback = "50%"},
                      {.name = "period",
                       .type = Type::duration,
                       .text = "from one time that they run to the next",
                       .example = "100ms",
                       .fallback = "100ms"}}},
  };
}

std::vector<Kind> disk_kinds() {
  auto share = [](std::string_view text) {
    return Parameter{.name = "share", .type = Type::percent, .text = text, .example = "[1%, 50%]", .fallback = "100%"};
  };
  auto kind = [](Kind out) {
    out.ends = "mend the disk of {}";
    out.end = "the disk works again";
    out.not_live = "it needs a device of its own for each process";
    return out;
  };
  return {
      kind({.name = "disk.eio",
            .text = "Operations fail with an input/output error and change nothing",
            .begins = "break the disk of {}",
            .parameters = {share("how many operations")}}),
      kind({.name = "disk.enospc", .text = "The disk is full: no file can grow", .begins = "fill the disk of {}"}),
      kind({.name = "disk.readOnly", .text = "The disk can be read only", .begins = "make the disk of {} read only"}),
      kind({.name = "disk.lostFsync",
            .text = "Syncs succeed and nothing is synced; proc.kill with disk: lose shows it",
            .begins = "lose the syncs of {}"}),
      kind({.name = "disk.bitrot",
            .text = "What is read has a wrong bit; what is stored has not",
            .begins = "rot the disk of {}",
            .parameters = {share("how many reads")}}),
      kind({.name = "disk.stall",
            .text = "Operations take time, in which the process does nothing else",
            .begins = "stall the disk of {}",
            .parameters = {{.name = "delay",
                            .type = Type::delay,
                            .text = "how long each operation takes",
                            .example = "{law: exp, mean: 20ms}",
                            .required = true}}}),
      kind({.name = "disk.throttle",
            .text = "Reads and writes take time by their size, in which the process does nothing else",
            .begins = "throttle the disk of {}",
            .parameters = {{.name = "bandwidth",
                            .type = Type::number,
                            .text = "of reads and writes",
                            .unit = "bytes/s",
                            .example = "[1000000, 10000000]",
                            .required = true,
                            .least = 1000,
                            .most = 100'000'000'000}}}),
      kind({.name = "disk.torn",
            .text = "Of a write that was not synced single sectors of 512 bytes may be kept; proc.kill with disk: "
                    "loseSome shows it",
            .begins = "tear the writes of {}"}),
      kind({.name = "disk.misdirected",
            .text = "Writes land a sector of 512 bytes behind their place, and nobody is told",
            .begins = "misdirect the writes of {}",
            .parameters = {share("how many writes")}}),
  };
}

std::vector<Kind> clock_kinds() {
  auto kind = [](Kind out) {
    out.not_live = no_shared_clock;
    if (out.lasting) out.end = "the wall clock is right again";
    return out;
  };
  return {
      kind({.name = "clock.offset",
            .text = "The wall clock is off; monotonic time is not, here and below",
            .begins = "set the clock of {} off",
            .ends = "set the clock of {} right",
            .parameters = {by("how far")}}),
      kind({.name = "clock.drift",
            .text = "The wall clock runs too fast, or too slow",
            .begins = "let the clock of {} drift",
            .ends = "set the clock of {} right",
            .parameters = {{.name = "rate",
                            .type = Type::number,
                            .text = "how much too fast; below 0: too slow",
                            .unit = "parts of a million",
                            .example = "[-500, 500]",
                            .required = true,
                            .least = -999'999,
                            .most = 1'000'000'000}}}),
      kind({.name = "clock.jump",
            .text = "The wall clock jumps, once and for all",
            .lasting = false,
            .begins = "make the clock of {} jump",
            .parameters = {by("how far")}}),
      kind({.name = "clock.strobe",
            .text = "The wall clock jumps forth and back",
            .begins = "make the clock of {} flicker",
            .ends = "set the clock of {} right",
            .parameters = {by("how far"), period("from one jump to the next")}}),
      kind({.name = "clock.step",
            .text = "The wall clock jumps on and on in the same direction",
            .begins = "let the clock of {} step away",
            .ends = "set the clock of {} right",
            .parameters = {by("how far each time"), period("from one jump to the next")}}),
      kind({.name = "clock.sine",
            .text = "The wall clock swings about the right time",
            .begins = "let the clock of {} swing",
            .ends = "set the clock of {} right",
            .parameters = {by("how far to either side"), period("once forth and back")}}),
      kind({.name = "clock.freeze",
            .text = "The wall clock stands still",
            .begins = "freeze the clock of {}",
            .ends = "set the clock of {} right"}),
  };
}

}  // namespace kumasim::fault
