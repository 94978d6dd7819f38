/// The catalogue of faults: what each kind does, to whom, with which parameters, in which worlds, and how it ends.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kumasim::fault {

/// One parameter of a kind, as a scenario file writes it.
struct Parameter {
  enum class Type : std::uint8_t {
    duration,  ///< 20s, or a range [10s, 20s] that the seed draws from
    offset,    ///< a duration that may be negative: -5m; or a range
    percent,   ///< 0.5%, or a range
    number,    ///< a whole number from `least` to `most`, or a range
    delay,     ///< a duration, a range, or a law of delays such as {law: exp, mean: 5ms}
    word,      ///< one of `words`
    text,      ///< any text
  };
  std::string_view name;
  Type type = Type::duration;
  std::string_view text;           ///< one line for people
  std::string_view unit = {};      ///< of a number: "bytes/s"
  std::string_view example = {};   ///< a value for trying it out, as a scenario file has it
  std::string_view fallback = {};  ///< what holds where a scenario does not say; empty: nothing
  bool required = false;
  std::vector<std::string_view> words = {};
  std::int64_t least = 0, most = 0;
  std::string_view not_live = {};  ///< why the live world has only its fallback; empty: it has all of it
};

/// Whom a kind strikes.
enum class Whom : std::uint8_t {
  processes,  ///< `target`, or `select`ed instances
  ways,  ///< what processes send each other: those of `between`, or all ways of `target` or of `select`ed instances
  resources,  ///< what the control plane keeps, written as an operator does; its parameters name them
  loads,      ///< the scenario's loads: all, or those of the services that its parameters name
};

/// What a fault is like, beyond what the worlds do to carry it out.
struct Kind {
  std::string_view name;  ///< "net.delay"
  std::string_view text;  ///< one line for people
  Whom whom = Whom::processes;
  /// Has a length (`for`) and can be undone; what does not last is over at once and leaves what it did.
  bool lasting = true;
  std::string_view begins;      ///< a line of the timeline, "{}" stands for whom: "kill {}"
  std::string_view ends = {};   ///< the same where it is undone; empty where it does not last
  std::string_view end = {};    ///< how it is undone, for people
  std::string_view heals = {};  ///< the kind that it undoes, where it is no fault but its end: "net.partition"
  std::string_view not_sim = {}, not_live = {};  ///< why it does not work in that world; empty: it does
  std::string_view made_of = {};                 ///< the kind that it is a pattern of: net.flap is many net.partition
  bool ends_life = false;                        ///< the processes die by it, and their calls with them
  bool cuts = false;                             ///< nobody can know of whom it is about while it lasts
  bool applications = false;                     ///< of what instances run: a control plane has none of it
  bool proxies = false;                          ///< of the proxies of instances: a control plane is none
  bool authority = false;                        ///< of resources: those of the certificate authority of its `mesh`
  bool stores = false;                           ///< of a control plane's store, which nobody else has
  bool recorded = true;  ///< an event of its own in the fingerprint; false: its effects are enough to tell runs apart
  std::vector<Parameter> parameters = {};

  const Parameter* find_parameter(std::string_view wanted) const;
};

/// All kinds, in the order of the reference: net, tcp, dns, proc, disk, clock, app, store, view, load, cfg, ops, xds,
/// pki.
const std::vector<Kind>& kinds();
/// Null where there is none of that name.
const Kind* find_kind(std::string_view name);

}  // namespace kumasim::fault
