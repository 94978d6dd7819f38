/// Faults of who calls: what clients do to services and to the control plane.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

Parameter of_service(std::string_view name, std::string_view text, std::string_view example) {
  return {.name = name, .type = Type::text, .text = text, .example = example};
}

/// A fault of loads, which may be those of one service alone.
Kind of_loads(Kind out) {
  out.whom = Whom::loads;
  out.recorded = false;
  out.parameters.push_back(of_service("from", "only calls that this service makes; default: of every service", "web"));
  out.parameters.push_back(of_service("to", "only calls to this service; default: to every service", "backend"));
  return out;
}

Kind retry_storm() {
  return of_loads({.name = "load.retryStorm",
                   .text = "Clients of the scenario's `load` send a failed call again and again, without a budget",
                   .begins = "let the clients of {} retry",
                   .ends = "let the clients of {} retry as before",
                   .end = "they retry as the scenario has it",
                   .not_live = "the load of the live world makes each call once",
                   .parameters = {{.name = "retries",
                                   .type = Type::number,
                                   .text = "how often at most, after the first try",
                                   .example = "[2, 10]",
                                   .fallback = "4",
                                   .least = 1,
                                   .most = 100},
                                  {.name = "backoff",
                                   .type = Type::duration,
                                   .text = "the wait before a retry is drawn from 0s to this; it does not grow",
                                   .example = "100ms",
                                   .fallback = "0s"}}});
}

Kind flash_crowd() {
  return of_loads({.name = "load.flashCrowd",
                   .text = "So many times as many calls, or users, as the scenario's `load` has",
                   .begins = "send a crowd to {}",
                   .ends = "send the crowd of {} home",
                   .end = "the crowd makes no new calls",
                   .parameters = {{.name = "factor",
                                   .type = Type::number,
                                   .text = "how many times as many",
                                   .example = "[2, 10]",
                                   .required = true,
                                   .least = 2,
                                   .most = 1000}}});
}

Kind hot_key() {
  return of_loads({.name = "load.hotKey",
                   .text = "Many calls are for one path; a balancer that hashes it sends them all to one instance",
                   .begins = "heat one key of {}",
                   .ends = "cool the key of {}",
                   .end = "calls have the paths that the scenario gives them",
                   .parameters = {{.name = "share",
                                   .type = Type::percent,
                                   .text = "how many calls",
                                   .example = "[20%, 90%]",
                                   .fallback = "50%"},
                                  {.name = "path",
                                   .type = Type::text,
                                   .text = "the path that they have",
                                   .example = "/hot",
                                   .fallback = "/hot"}}});
}

Kind large_payload() {
  return of_loads({.name = "load.largePayload",
                   .text = "Calls carry a large body, which takes time on links with little bandwidth",
                   .begins = "make the requests of {} large",
                   .ends = "make the requests of {} small again",
                   .end = "calls have no body to speak of",
                   .not_live = "the load of the live world sends no bodies",
                   .parameters = {{.name = "bytes",
                                   .type = Type::number,
                                   .text = "of the body",
                                   .unit = "bytes",
                                   .example = "[100000, 10000000]",
                                   .required = true,
                                   .least = 1,
                                   .most = 1'073'741'824}}});
}

Kind slow_client() {
  return {
      .name = "load.slowClient",
      .text =
          "The processes read slowly: what they are sent arrives at a rate for each connection, and who sends "
          "it is held up once the window is full",
      .whom = Whom::ways,
      .begins = "let {} read slowly",
      .ends = "let {} read at full speed",
      .end = "they read as fast as before",
      .parameters = {{.name = "bandwidth",
                      .type = Type::number,
                      .text = "of each connection",
                      .unit = "bytes/s",
                      .example = "[1000, 20000]",
                      .required = true,
                      .least = 1,
                      .most = 1'000'000'000},
                     {.name = "direction",
                      .type = Type::word,
                      .text = "otherWay: what the chosen process, or the first of `between`, is sent; oneWay: what it "
                              "sends; both",
                      .example = "otherWay",
                      .fallback = "otherWay",
                      .words = {"both", "oneWay", "otherWay"}}}};
}

Kind reconnect_herd() {
  return {.name = "load.reconnectHerd",
          .text =
              "All connections between them are reset at one moment, again and again, so that all are made anew at "
              "once",
          .whom = Whom::ways,
          .begins = "stampede the connections of {}",
          .ends = "leave the connections of {} alone",
          .end = "connections are not reset any more",
          .parameters = {{.name = "period",
                          .type = Type::duration,
                          .text = "from one reset to the next",
                          .example = "[2s, 10s]",
                          .fallback = "5s"}}};
}

}  // namespace

std::vector<Kind> load_kinds() {
  return {retry_storm(), reconnect_herd(), flash_crowd(), hot_key(), slow_client(), large_payload()};
}

}  // namespace kumasim::fault
