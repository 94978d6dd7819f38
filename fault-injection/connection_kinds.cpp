/// Faults of connections and of names.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

constexpr std::string_view no_names = "real processes are given addresses, and look up no names";

Parameter direction() {
  return {
      .name = "direction",
      .type = Type::word,
      .text =
          "both; oneWay: only connections that the first of `between`, or the chosen process, makes; otherWay: only "
          "those that are made to it",
      .example = "otherWay",
      .fallback = "both",
      .words = {"both", "oneWay", "otherWay"}};
}

Parameter name_of_host() {
  return {.name = "name",
          .type = Type::text,
          .text = "only look-ups of this name; default: of every name",
          .example = "kuma-cp"};
}

}  // namespace

std::vector<Kind> connection_kinds() {
  return {
      {.name = "tcp.reset",
       .text = "Every connection between them is reset, now",
       .whom = Whom::ways,
       .lasting = false,
       .begins = "reset the connections of {}"},
      {.name = "tcp.halfOpen",
       .text = "Connections that exist are dead and nobody is told: what is sent on them is lost; new ones work",
       .whom = Whom::ways,
       .lasting = false,
       .begins = "leave the connections of {} half open"},
      {.name = "tcp.refuse",
       .text = "New connections are refused",
       .whom = Whom::ways,
       .begins = "refuse connections of {}",
       .ends = "accept connections of {}",
       .end = "connections are accepted again",
       .parameters = {direction()}},
      {.name = "tcp.hang",
       .text = "New connections get no answer; those that exist go on",
       .whom = Whom::ways,
       .begins = "swallow connection requests of {}",
       .ends = "answer connection requests of {}",
       .end = "connection requests are answered again",
       .parameters = {direction()}},
      {.name = "tcp.slice",
       .text =
           "What is written arrives in small pieces; calls between simulated proxies are whole messages and feel the "
           "time between the pieces only",
       .whom = Whom::ways,
       .begins = "slice what {} send",
       .ends = "slice no more what {} send",
       .end = "segments are as large as before",
       .not_live = "the live world's switch carries segments as the kernel has cut them",
       .parameters = {{.name = "bytes",
                       .type = Type::number,
                       .text = "the most that one piece holds",
                       .unit = "bytes",
                       .example = "[1, 100]",
                       .required = true,
                       .least = 1,
                       .most = 65536},
                      {.name = "pause",
                       .type = Type::duration,
                       .text = "from one piece to the next",
                       .example = "1ms",
                       .fallback = "0s"}}},
      {.name = "tcp.idleKill",
       .text = "A box on the way forgets connections that were idle for too long",
       .whom = Whom::ways,
       .begins = "forget idle connections of {}",
       .ends = "forget no more idle connections of {}",
       .end = "idle connections live on",
       .parameters = {{.name = "idle",
                       .type = Type::duration,
                       .text = "how long a connection may be idle",
                       .example = "[5s, 20s]",
                       .required = true},
                      {.name = "how",
                       .type = Type::word,
                       .text = "silent: it is half open from then on; reset: both ends are told",
                       .example = "reset",
                       .fallback = "silent",
                       .words = {"silent", "reset"}}}},
      {.name = "tcp.slowClose",
       .text = "The end of a connection arrives late; what is sent on it meanwhile finds nobody",
       .whom = Whom::ways,
       .begins = "delay the end of connections of {}",
       .ends = "end connections of {} at once",
       .end = "the end of a connection arrives as all else",
       .parameters = {{.name = "late",
                       .type = Type::duration,
                       .text = "how much later than all else",
                       .example = "[1s, 10s]",
                       .required = true},
                      direction()}},
      {.name = "dns.error",
       .text = "Look-ups of names fail; calls between proxies look nothing up",
       .begins = "fail look-ups of {}",
       .ends = "answer look-ups of {}",
       .end = "names are found again",
       .not_live = no_names,
       .parameters = {{.name = "code",
                       .type = Type::word,
                       .text = "notFound: there is no such name; tryAgain: the server failed",
                       .example = "tryAgain",
                       .fallback = "notFound",
                       .words = {"notFound", "tryAgain"}},
                      name_of_host()}},
      {.name = "dns.slow",
       .text = "Look-ups of names take time; calls between proxies look nothing up",
       .begins = "slow look-ups of {}",
       .ends = "hasten look-ups of {}",
       .end = "names are found at once again",
       .not_live = no_names,
       .parameters = {{.name = "delay",
                       .type = Type::delay,
                       .text = "of each look-up",
                       .example = "{law: exp, mean: 2s}",
                       .required = true},
                      name_of_host()}},
      {.name = "dns.stale",
       .text = "Look-ups give the addresses that names had when it began; calls between proxies look nothing up",
       .begins = "freeze the names that {} see",
       .ends = "thaw the names that {} see",
       .end = "names have their present addresses",
       .not_live = no_names,
       .parameters = {name_of_host()}},
      {.name = "dns.removedLate",
       .text = "Look-ups give an address that a name has lost for some time yet; calls between proxies look nothing up",
       .begins = "hold on to old names for {}",
       .ends = "forget old names for {}",
       .end = "names have their present addresses",
       .not_live = no_names,
       .parameters = {{.name = "late",
                       .type = Type::duration,
                       .text = "how long an address is given that the name has no more",
                       .example = "[5s, 20s]",
                       .required = true},
                      name_of_host()}},
  };
}

}  // namespace kumasim::fault
