/// Applications: workers, queues, errors, slow times and scripts; and how clients repeat calls.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kumasim/scenario/grpc_names.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

/// What a hundred tries take together fits into a duration.
constexpr Duration patience_max = std::chrono::hours(1);
constexpr std::size_t script_calls_max = 10'000;

std::size_t calls_of(const std::vector<WorkStep>& steps) {
  std::size_t out = 0;
  for (const WorkStep& step : steps) out += (step.call ? step.call->times : 0) + calls_of(step.together);
  return out;
}

bool takes_time(const DelayLaw& law) { return law.a > Duration(0) || law.b > Duration(0); }

bool sleeps(const std::vector<WorkStep>& steps) {
  return std::ranges::any_of(
      steps, [](const WorkStep& step) { return (step.sleep && takes_time(*step.sleep)) || sleeps(step.together); });
}

/// Whether `fault`, an app.slow or app.brownout, changes anything of it.
bool slowed_by(const Instance& instance, const Fault& fault) {
  if (takes_time(instance.latency) || sleeps(instance.application.script)) return true;
  if (fault.kind->name != "app.slow") return false;
  auto by = fault.values.find("by");
  bool stopped = by == fault.values.end() || by->second.low == 1'000'000;  // a missing one is complained of elsewhere
  return stopped || instance.application.between_starts;
}

}  // namespace

std::int64_t Reader::percent_or(const json& parent, const char* field, std::int64_t fallback) {
  return parent.contains(field) ? parse_percent(parent[field].get<std::string>()).value_or(fallback) : fallback;
}

std::uint64_t Reader::size(const json& value, const std::string& path) {
  auto parsed = parse_size(value.get<std::string>());
  if (!parsed) complain(path, "expected at most 1024MiB");
  return parsed.value_or(0);
}

void Reader::check_timeout(Duration timeout, const std::string& path) {
  if (timeout <= Duration(0) || timeout > patience_max)
    complain(path, fmt::format("must be above 0s and at most {}", duration_text(patience_max)));
}

Retries Reader::read_retries(const json& value, const std::string& path) {
  Retries out;
  if (value.is_number()) {
    out.most = value.get<std::uint32_t>();
    return out;
  }
  out.most = value["max"].get<std::uint32_t>();
  out.backoff = duration_or(value, "backoff", path, out.backoff);
  if (out.backoff > patience_max) {
    complain(child_path(path, "backoff"), fmt::format("is above {}", duration_text(patience_max)));
    out.backoff = patience_max;
  }
  out.backoff_max = duration_or(value, "backoffMax", path, out.backoff * 10);
  if (out.backoff_max > 10 * patience_max) {
    complain(child_path(path, "backoffMax"), fmt::format("is above {}", duration_text(10 * patience_max)));
    out.backoff_max = 10 * patience_max;
  }
  if (out.backoff_max < out.backoff) complain(child_path(path, "backoffMax"), "is below `backoff`");
  out.budget_ppm = percent_or(value, "budget", 0);
  if (value.contains("budget") && out.budget_ppm == 0)
    complain(child_path(path, "budget"), "allows no retry at all", "leave `retries` out");
  return out;
}

void Reader::read_application(const json& value, const Service& service, const std::string& path, Application& out) {
  if (value.contains("concurrency")) out.concurrency = value["concurrency"].get<std::uint32_t>();
  if (value.contains("queue")) out.queue = value["queue"].get<std::uint32_t>();
  if (value.contains("overflow")) out.drop = value["overflow"] == "drop";
  if (value.contains("capacity")) {
    out.between_starts = parse_rate(value["capacity"].get<std::string>());
    if (!out.between_starts) complain(child_path(path, "capacity"), "expected a rate above 0 and at most 1000000/s");
  }
  if (value.contains("errors")) {
    const json& errors = value["errors"];
    out.errors_ppm = errors.is_string() ? percent_or(value, "errors", 0) : percent_or(errors, "rate", 0);
    if (errors.is_object()) out.error_status = errors.value("status", out.error_status);
    if (errors.is_object() && errors.contains("grpcStatus")) {
      std::string at = child_path(child_path(path, "errors"), "grpcStatus");
      if (service.protocol != "grpc")
        complain(at, fmt::format("is for services with `protocol: grpc`; {} has `{}`", service.name, service.protocol));
      if (errors.contains("status")) complain(at, "stands beside `status`", "leave one of both out");
      auto name = std::ranges::find(grpc_names, errors["grpcStatus"].get<std::string>());
      out.error_grpc_status = static_cast<int>(name - grpc_names.begin());
    }
  }
  if (value.contains("brownout")) {
    const json& brownout = value["brownout"];
    out.brownout = {percent_or(brownout, "fraction", 0), brownout["factor"].get<std::uint32_t>()};
  }
  if (value.contains("slowness")) {
    const json& slowness = value["slowness"];
    std::string at = child_path(path, "slowness");
    out.slowness = {duration(slowness["every"], child_path(at, "every")),
                    duration(slowness["for"], child_path(at, "for")), slowness["factor"].get<std::uint32_t>(),
                    slowness.value("shared", true)};
    for (const char* field : {"every", "for"}) {
      if (duration(slowness[field], child_path(at, field)) <= Duration(0))
        complain(child_path(at, field), "must be above 0s");
    }
  }
  if (value.contains("responseSize"))
    out.response_bytes = size(value["responseSize"], child_path(path, "responseSize"));
  if (value.contains("script")) {
    out.script = read_script(value["script"], service, child_path(path, "script"));
    if (calls_of(out.script) > script_calls_max)
      complain(child_path(path, "script"), fmt::format("makes more than {} calls", script_calls_max));
  }
}

void Reader::check_application(const Application& application, const std::string& path) {
  bool waits = application.concurrency > 0 || application.between_starts;
  if (application.queue && !waits)
    complain(child_path(path, "queue"), "nothing waits: there is neither `concurrency` nor `capacity`");
  if (application.drop && !application.queue)
    complain(child_path(path, "overflow"), "the queue has no limit: there is no `queue`");
}

std::vector<WorkStep> Reader::read_script(const json& steps, const Service& service, const std::string& path) {
  std::vector<WorkStep> out;
  std::size_t index = 0;
  for (const json& step : steps) out.push_back(read_step(step, service, child_path(path, index++)));
  return out;
}

WorkStep Reader::read_step(const json& step, const Service& service, const std::string& path) {
  WorkStep out;
  if (step.is_array())
    out.together = read_script(step, service, path);
  else if (step.contains("sleep"))
    out.sleep = delay(step["sleep"], child_path(path, "sleep"));
  else
    out.call = read_inner_call(step["call"], service, child_path(path, "call"));
  return out;
}

RequestHead Reader::read_head(const json& value, const std::string& to, const std::string& path) {
  RequestHead out;
  if (value.contains("method")) out.method = value["method"].get<std::string>();
  if (out.method == "CONNECT") complain(child_path(path, "method"), "asks for a tunnel, which no application is");
  if (value.contains("headers"))
    for (const auto& [name, text] : value["headers"].items()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      std::string at = child_path(child_path(path, "headers"), name);
      constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";
      if (lower.empty() || lower.find_first_not_of(letters) != std::string::npos)
        complain(at, "is no name of a header");
      else if (lower == "host" || lower == "content-length" || lower == "transfer-encoding" || lower == "connection")
        complain(at, "is made by the client itself");
      if (text.get<std::string>().find_first_of("\r\n") != std::string::npos) complain(at, "has more than one line");
      out.headers.emplace_back(std::move(lower), text.get<std::string>());
    }
  if (!out.method.empty() || !out.headers.empty()) heads_.push_back({to, path, out});
  return out;
}

/// Services may be called before they are read.
void Reader::check_heads() {
  for (const auto& [to, path, head] : heads_) {
    const Service* service = scenario_.find_service(to);
    if (service == nullptr) continue;
    const std::string& protocol = service->protocol;
    if (protocol == "tcp")
      complain(child_path(path, head.method.empty() ? "headers" : "method"),
               fmt::format("`{}` has `protocol: tcp`", to));
    if (protocol != "grpc") continue;
    if (!head.method.empty()) complain(child_path(path, "method"), fmt::format("calls of `{}` are gRPC: POST", to));
    for (const auto& [name, text] : head.headers)
      if (name == "content-type" || name == "te")
        complain(child_path(child_path(path, "headers"), name),
                 fmt::format("calls of `{}` are gRPC, which sets it", to));
  }
}

InnerCall Reader::read_inner_call(const json& call, const Service& service, const std::string& path) {
  InnerCall out;
  out.to = call.is_string() ? call.get<std::string>() : call["to"].get<std::string>();
  std::string at = call.is_string() ? path : child_path(path, "to");
  auto outbound = std::ranges::find(service.calls, out.to, &Outbound::to);
  if (outbound != service.calls.end())
    out.path = outbound->path;
  else
    complain(at, fmt::format("`{}` has no outbound to `{}`", service.name, out.to), "add it to the service's `calls`");
  if (!call.is_object()) return out;
  out.path = call.value("path", out.path);
  if (out.path.empty() || out.path[0] != '/') complain(child_path(path, "path"), "a path begins with /");
  out.head = read_head(call, out.to, path);
  out.times = call.value("times", out.times);
  out.at_once = call.value("atOnce", out.at_once);
  out.probability_ppm = percent_or(call, "probability", out.probability_ppm);
  if (call.contains("size")) out.bytes = size(call["size"], child_path(path, "size"));
  out.timeout = duration_or(call, "timeout", path, out.timeout);
  check_timeout(out.timeout, child_path(path, "timeout"));
  if (call.contains("retries")) out.retries = read_retries(call["retries"], child_path(path, "retries"));
  return out;
}

/// What makes applications slower changes nothing of those that take no time. Whom `$event` means is not known here.
void Reader::check_slowing_faults(const std::string& path) {
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    const Fault& fault = scenario_.faults[i];
    bool slow = fault.kind->name == "app.slow";
    if (!slow && fault.kind->name != "app.brownout") continue;
    bool struck = false, changed = false;
    for (const Instance& instance : scenario_.instances) {
      if (fault.select ? !fault.select->takes(instance) : instance.process != fault.target) continue;
      struck = true;
      changed |= slowed_by(instance, fault);
    }
    if (struck && !changed)
      complain(
          child_path(path, i),
          fmt::format("{} would change nothing: whom it strikes has neither a `latency`{} nor a `sleep` in its script",
                      fault.kind->name, slow ? ", a `capacity`" : ""),
          "give the service a `latency`");
  }
}

/// A request that comes back to where it started would never be answered.
void Reader::check_call_graph(const std::string& path) {
  std::map<std::string, std::set<std::string>> called;
  for (const Instance& instance : scenario_.instances) {
    for (const std::string& to : called_by(instance.application)) called[instance.service].insert(to);
  }
  for (std::size_t i = 0; i < scenario_.services.size(); ++i) {
    const std::string& start = scenario_.services[i].name;
    std::set<std::string> reached;
    std::vector<std::string> left(called[start].begin(), called[start].end());
    while (!left.empty()) {
      std::string next = left.back();
      left.pop_back();
      if (!reached.insert(next).second) continue;
      if (auto found = called.find(next); found != called.end())
        left.insert(left.end(), found->second.begin(), found->second.end());
    }
    if (!reached.contains(start)) continue;
    complain(child_path(child_path(path, "services"), i),
             fmt::format("requests to `{}` come back to it by the scripts: they would never end", start));
    return;
  }
}

}  // namespace kumasim::scenario
