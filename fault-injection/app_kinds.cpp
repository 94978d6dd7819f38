/// Faults of applications.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

}  // namespace

std::vector<Kind> application_kinds() {
  auto kind = [](Kind out) {
    out.ends = "let the application of {} recover";
    out.end = "the application is as the scenario has it";
    out.not_live = "kumasim-echo, the live world's application, has a latency alone";
    out.applications = true;
    return out;
  };
  return {
      kind({.name = "app.errorRate",
            .text = "The application answers so many requests with an error, 503 or that of the service's `errors`",
            .begins = "make the application of {} fail",
            .parameters = {{.name = "rate",
                            .type = Type::percent,
                            .text = "how many",
                            .example = "[10%, 100%]",
                            .required = true}}}),
      kind({.name = "app.latency",
            .text = "The application takes another time for a request, in place of the service's `latency`",
            .begins = "change the latency of {}",
            .parameters = {{.name = "delay",
                            .type = Type::delay,
                            .text = "how long it takes",
                            .example = "{law: exp, mean: 200ms}",
                            .required = true}}}),
      kind({.name = "app.brownout",
            .text = "Some requests take the application longer: their latency and the sleeps of their scripts",
            .begins = "brown out {}",
            .parameters = {{.name = "fraction",
                            .type = Type::percent,
                            .text = "how many requests",
                            .example = "[1%, 30%]",
                            .required = true},
                           {.name = "factor",
                            .type = Type::number,
                            .text = "how many times as long they take",
                            .example = "[5, 50]",
                            .required = true,
                            .least = 1,
                            .most = 10'000}}}),
      kind({.name = "app.slow",
            .text = "The application has less of a processor: its latency and the sleeps of its script grow and its "
                    "capacity falls, for what has begun too",
            .begins = "cut the processor of {}",
            .parameters = {{.name = "by",
                            .type = Type::percent,
                            .text = "how much of it is gone; at 100% nothing is done until the end",
                            .example = "[50%, 90%]",
                            .required = true}}}),
      kind({.name = "app.blackHole",
            .text = "The application takes requests and answers none",
            .begins = "make a black hole of {}"}),
      kind({.name = "app.healthLies",
            .text =
                "The application answers health checks at once, and not as its calls go: those of HTTP and of gRPC, "
                "which proxies make by a MeshHealthCheck",
            .begins = "let {} lie about its health",
            .parameters = {{.name = "says",
                            .type = Type::word,
                            .text = "healthy: checks pass, and calls fail with 503 or the status of the service's "
                                    "`errors`; unhealthy: checks fail with 503, and calls go on",
                            .example = "unhealthy",
                            .fallback = "healthy",
                            .words = {"healthy", "unhealthy"}}}}),
      kind({.name = "app.slowStart",
            .text = "Applications whose process starts while it lasts are slow at first: latency and the sleeps of the "
                    "script shrink from so many times as long to normal",
            .begins = "let {} start slowly",
            .parameters = {{.name = "factor",
                            .type = Type::number,
                            .text = "how many times as long requests take at the start",
                            .example = "[5, 50]",
                            .required = true,
                            .least = 2,
                            .most = 10'000},
                           {.name = "over",
                            .type = Type::duration,
                            .text = "how long it takes to come up to speed",
                            .example = "[5s, 30s]",
                            .fallback = "10s"}}}),
  };
}

}  // namespace kumasim::fault
