/// Faults of links.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

Parameter direction() {
  return {.name = "direction",
          .type = Type::word,
          .text =
              "both; oneWay: only what the first of `between`, or the chosen process, sends; otherWay: only what it is "
              "sent",
          .example = "oneWay",
          .fallback = "both",
          .words = {"both", "oneWay", "otherWay"}};
}

Kind delay() {
  return {
      .name = "net.delay",
      .text = "What is sent takes longer: the delay of each direction follows another law",
      .whom = Whom::ways,
      .begins = "slow the link of {}",
      .ends = "restore the link of {}",
      .end = "the links have the delays that they had",
      .recorded = false,
      .parameters = {{.name = "delay",
                      .type = Type::delay,
                      .text = "the new delay of one direction",
                      .example = "{law: lognormal, p50: 40ms, p99: 80ms}"},
                     {.name = "loss",
                      .type = Type::percent,
                      .text = "part of what is sent that is lost and sent again",
                      .example = "1%"},
                     {.name = "correlation",
                      .type = Type::percent,
                      .text = "how much of a delay is that of the segment before it; the rest is drawn, so the delays "
                              "spread less than the law says",
                      .example = "25%",
                      .fallback = "0%"},
                     direction()}};
}

Kind loss() {
  return {.name = "net.loss",
          .text = "Segments are lost and sent again; streams lose no bytes, so loss shows as delay",
          .whom = Whom::ways,
          .begins = "lose segments between {}",
          .ends = "lose no more segments between {}",
          .end = "the links lose what they lost before",
          .parameters = {{.name = "loss",
                          .type = Type::percent,
                          .text = "part of the segments that is lost",
                          .example = "[1%, 10%]",
                          .required = true},
                         {.name = "burst",
                          .type = Type::number,
                          .text = "mean number of segments lost in a row; 1: each is lost or not by itself",
                          .unit = "segments",
                          .example = "5",
                          .fallback = "1",
                          .least = 1,
                          .most = 1000},
                         direction()}};
}

Kind rate() {
  return {.name = "net.rate",
          .text = "A bottleneck: all connections of a direction together get so many bytes a second",
          .whom = Whom::ways,
          .begins = "throttle the link of {}",
          .ends = "restore the rate between {}",
          .end = "the links are as fast as they were",
          .parameters = {{.name = "bandwidth",
                          .type = Type::number,
                          .text = "of each direction",
                          .unit = "bytes/s",
                          .example = "[20000, 200000]",
                          .required = true,
                          .least = 100,
                          .most = 100'000'000'000},
                         direction()}};
}

Kind corrupt() {
  return {.name = "net.corrupt",
          .text =
              "Segments arrive with a wrong bit that TCP's checksum passes: who speaks TLS, or HTTP in the clear "
              "between simulated proxies, ends the connection; other streams in the clear carry it on",
          .whom = Whom::ways,
          .begins = "corrupt what {} send",
          .ends = "corrupt no more what {} send",
          .end = "what is sent arrives as it was",
          .parameters = {{.name = "share",
                          .type = Type::percent,
                          .text = "part of the segments that is corrupted",
                          .example = "[0.1%, 5%]",
                          .required = true},
                         direction()}};
}

Kind partition() {
  return {.name = "net.partition",
          .text = "Nothing passes, and nobody is told; connections time out after 15 s",
          .whom = Whom::ways,
          .begins = "partition {}",
          .ends = "heal {}",
          .end = "what is sent passes again; net.heal does the same",
          .cuts = true,
          .recorded = false,
          .parameters = {
              direction(),
              {.name = "shape",
               .type = Type::word,
               .text = "without `between`. isolate: the chosen from all others; of the chosen, or of all: halves; "
                       "minority: some against most; bridge: halves that one process sees both of; byZone: zones "
                       "from each other",
               .example = "minority",
               .fallback = "isolate",
               .words = {"isolate", "halves", "minority", "bridge", "byZone"}}}};
}

Kind heal() {
  return {.name = "net.heal",
          .text = "The end of partitions between those that it names",
          .whom = Whom::ways,
          .lasting = false,
          .begins = "heal {}",
          .heals = "net.partition",
          .recorded = false};
}

Kind clog() {
  return {.name = "net.clog",
          .text = "What is sent is held, and arrives in order after the end; no simulated connection times out by it",
          .whom = Whom::ways,
          .begins = "clog the link of {}",
          .ends = "release the link of {}",
          .end = "all that was held arrives",
          .cuts = true,
          .parameters = {direction()}};
}

Kind swizzle() {
  return {.name = "net.swizzle",
          .text = "The chosen processes are clogged one by one, and released one by one in another order",
          .whom = Whom::ways,
          .begins = "swizzle {}",
          .ends = "end the swizzling of {}",
          .end = "in the second half of its time, process by process",
          .made_of = "net.clog"};
}

Kind flap() {
  return {.name = "net.flap",
          .text = "Partitions come and go",
          .whom = Whom::ways,
          .begins = "flap the link of {}",
          .ends = "end the flapping of {}",
          .end = "what is sent passes again",
          .made_of = "net.partition",
          .parameters = {{.name = "period",
                          .type = Type::duration,
                          .text = "from the beginning of one partition to that of the next",
                          .example = "[2s, 4s]",
                          .fallback = "2s"},
                         {.name = "down",
                          .type = Type::percent,
                          .text = "part of the period that is partitioned",
                          .example = "30%",
                          .fallback = "50%"},
                         direction()}};
}

}  // namespace

std::vector<Kind> network_kinds() {
  return {delay(), loss(), rate(), corrupt(), partition(), heal(), clog(), swizzle(), flap()};
}

}  // namespace kumasim::fault
