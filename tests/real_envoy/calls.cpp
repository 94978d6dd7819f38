#include "tests/real_envoy/calls.hpp"

#include <algorithm>
#include <array>
#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/any.pb.h>

#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h"
#include "sim/envoy/config/resource.hpp"
#include "tests/real_envoy/calls_example.hpp"

namespace kumasim::test {
namespace {

namespace lst = ::envoy::config::listener::v3;
namespace net = ::envoy::extensions::filters::network;
namespace rt = ::envoy::config::route::v3;
using Hcm = net::http_connection_manager::v3::HttpConnectionManager;
using sim::proxy::Type;

constexpr std::array methods{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
constexpr auto raw_bytes = "ping\n";
constexpr std::array odd_paths{"/a/../b", "//twice", "/a/./b", "/a%2Fb", "/%7Euser", "/nowhere?x=1&y", "/?"};

template <class Message>
std::map<std::string, Message> decoded(const cp::Snapshot& snapshot, Type type) {
  std::map<std::string, Message> out;
  for (const auto& [name, resource] : snapshot.of(sim::proxy::type_url(type))) {
    ::google::protobuf::Any any;
    Message message;
    if (any.ParseFromString(*resource->any) && any.UnpackTo(&message)) out.emplace(name, std::move(message));
  }
  return out;
}

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// An authority, or a server name, of a domain pattern.
std::string example_of_domain(const std::string& domain) {
  if (domain == "*") return "any.example";
  if (domain.starts_with("*")) return "a" + domain.substr(1);
  if (domain.ends_with("*")) return domain.substr(0, domain.size() - 1) + "a";
  return domain;
}

void set_header(sim::Call& call, const std::string& name, const std::string& value) {
  if (name == ":method") {
    call.method = value;
  } else if (name == ":path") {
    call.path = value;
  } else if (name == ":authority" || name == "host") {
    call.authority = value;
  } else if (!name.starts_with(":")) {
    call.headers.emplace_back(name, value);
  }
}

/// Absent where the matcher asks for absence.
void satisfy(sim::Call& call, const rt::HeaderMatcher& matcher) {
  using M = rt::HeaderMatcher;
  bool presence = matcher.header_match_specifier_case() == M::kPresentMatch;
  if (presence && matcher.present_match() == matcher.invert_match()) return;
  set_header(call, lowered(matcher.name()),
             example_of(matcher) + (matcher.invert_match() && !presence ? "-other" : ""));
}

std::string path_of(const rt::RouteMatch& match) {
  using M = rt::RouteMatch;
  switch (match.path_specifier_case()) {
    case M::kPrefix: return match.prefix();
    case M::kPath: return match.path();
    case M::kPathSeparatedPrefix: return match.path_separated_prefix();
    case M::kSafeRegex: return example_of_regex(match.safe_regex().regex());
    default: return "/";
  }
}

std::string text_of(const rt::Route& route) {
  if (!route.name().empty()) return route.name();
  return route.match().has_safe_regex() ? "regex" : path_of(route.match());
}

class Generator {
 public:
  Generator(const TrafficSnapshot& served, std::uint64_t seed, CallLimits limits)
      : routes_(decoded<rt::RouteConfiguration>(served.snapshot, Type::routes)),
        listeners_(decoded<lst::Listener>(served.snapshot, Type::listener)),
        machine_(served.machine),
        random_(seed),
        limits_(limits) {}

  CallPlan plan() && {
    for (const auto& [name, listener] : listeners_)
      if (!listener.use_original_dst().value()) take(listener);
    bool others = !must_.empty();
    for (const auto& [name, listener] : listeners_)
      if (listener.use_original_dst().value()) others |= take_passed(listener);
    if (!others) return {};
    out_.matches = must_.size();
    shuffle(must_);
    shuffle(more_);
    for (auto* calls : {&must_, &more_})
      for (auto& call : *calls)
        if (out_.calls.size() < limits_.most) out_.calls.push_back(std::move(call));
    vary();
    return std::move(out_);
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  template <class T>
  void shuffle(std::vector<T>& all) {
    for (std::size_t i = all.size(); i > 1; --i) {
      auto j = below(i);
      std::swap(all[i - 1], all[j]);
    }
  }

  void add(std::vector<GeneratedCall>& to, GeneratedCall call, std::string why) {
    call.why = std::move(why);
    const auto& c = call.call;
    std::string key =
        fmt::format("{} {} {} {} {} {} {} {} {}", c.address, c.port, static_cast<int>(c.protocol), c.method,
                    c.authority, c.path, fmt::join(c.headers, ","), static_cast<int>(call.tls), call.server_name);
    if (seen_.insert(std::move(key)).second) to.push_back(std::move(call));
  }

  void take(const lst::Listener& listener) {
    const auto& socket = listener.address().socket_address();
    GeneratedCall base;
    bool wildcard = socket.address() == "0.0.0.0" || socket.address() == "::";
    base.call.address = wildcard ? machine_ : socket.address();
    base.call.port = static_cast<std::uint16_t>(socket.port_value());
    base.call.new_connection = true;
    base.redirected = listener.has_bind_to_port() && !listener.bind_to_port().value();
    bool terminates = false, passes = false;
    for (const auto& chain : listener.filter_chains()) {
      take(listener, chain, base);
      terminates |= chain.has_transport_socket();
      passes |= chain.filter_chain_match().transport_protocol() == "tls";
    }
    if (listener.has_default_filter_chain()) take(listener, listener.default_filter_chain(), base);
    if (!terminates && !passes) return;
    base.call.authority = "any.example";
    if (!terminates) {
      base.call.protocol = sim::CallProtocol::tcp;
      base.call.body = raw_bytes;
    }
    add(must_, base, "plain bytes");
    base.tls = terminates ? CallTls::handshake : CallTls::hello;
    add(more_, base, "no server name");
    base.server_name = "unknown.test";
    add(must_, base, "a server name that no chain has");
  }

  void take(const lst::Listener& listener, const lst::FilterChain& chain, GeneratedCall base) {
    const auto& match = chain.filter_chain_match();
    bool asks = match.transport_protocol() == "tls" || match.server_names_size() > 0;
    base.tls = chain.has_transport_socket() ? CallTls::handshake : asks ? CallTls::hello : CallTls::none;
    for (const auto& filter : chain.filters()) note_chance(listener, filter.typed_config());
    if (chain.filters().empty()) return;
    const auto& last = chain.filters(chain.filters_size() - 1).typed_config();
    std::vector<std::string> names(match.server_names().begin(), match.server_names().end());
    if (names.empty()) names.push_back(base.tls == CallTls::none ? "" : "any.test");
    for (const auto& name : names) {
      base.server_name = example_of_domain(name);
      if (Hcm hcm; last.UnpackTo(&hcm)) {
        if (base.tls != CallTls::hello) take_http(listener, hcm, base);
      } else {
        take_tcp(listener, last, base);
      }
    }
    if (base.tls == CallTls::none) return;
    base.call.authority = base.server_name;
    if (base.tls == CallTls::hello) {
      base.call.protocol = sim::CallProtocol::tcp;
      base.call.body = raw_bytes;
    }
    for (const auto& near : near_misses(base.server_name)) {
      base.server_name = near;
      add(more_, base, "server name just missed");
    }
  }

  /// Connections to nobody's address. False: all of them are treated alike.
  bool take_passed(const lst::Listener& listener) {
    bool v6 = listener.address().socket_address().address().contains(':');
    GeneratedCall base;
    base.redirected = base.call.new_connection = true;
    auto to = [&](const std::string& address, std::uint32_t port) {
      base.call.address = address;
      base.call.port = static_cast<std::uint16_t>(port);
      out_.passed_to.insert({base.call.address, base.call.port});
    };
    const std::string nobody = v6 ? "2001:db8::9" : "203.0.113.9";  // RFC 3849 and 5737: for documentation
    constexpr std::uint32_t some_port = 7777;
    to(nobody, some_port);
    take_tcp(listener, {}, base);
    bool one = listener.filter_chains_size() + listener.has_default_filter_chain() < 2;
    for (const auto& chain : listener.filter_chains()) {
      if (one) break;
      const auto& match = chain.filter_chain_match();
      auto port = match.has_destination_port() ? match.destination_port().value() : some_port;
      std::string address = match.prefix_ranges_size() > 0 ? match.prefix_ranges(0).address_prefix() : nobody;
      using Place = std::pair<std::string, std::uint32_t>;
      for (const auto& [at, number] : {Place(address, port), Place(address, port + 1), Place(nobody, port)}) {
        to(at, number);
        take(listener, chain, base);
      }
      to(address, port);
      auto plain = base;
      plain.call.protocol = sim::CallProtocol::tcp;
      plain.call.body = raw_bytes;
      add(more_, plain, "raw bytes");
      plain.tls = CallTls::hello;
      plain.server_name = "any.test";
      add(more_, plain, "TLS to another name");
    }
    return !one;
  }

  void take_tcp(const lst::Listener& listener, const ::google::protobuf::Any& config, GeneratedCall base) {
    base.call.protocol = sim::CallProtocol::tcp;
    base.call.body = raw_bytes;
    add(must_, base, "raw bytes");
    bases_.push_back(base);
    net::tcp_proxy::v3::TcpProxy tcp;
    if (!config.UnpackTo(&tcp)) return;
    for (const auto& cluster : tcp.weighted_clusters().clusters())
      if (cluster.weight() > 0) out_.choices[choice_key(listener.name())].insert(cluster.name());
  }

  void take_http(const lst::Listener& listener, const Hcm& hcm, GeneratedCall base) {
    const rt::RouteConfiguration* config = nullptr;
    if (hcm.has_route_config()) config = &hcm.route_config();
    if (auto found = routes_.find(hcm.rds().route_config_name()); hcm.has_rds() && found != routes_.end())
      config = &found->second;
    for (const auto& filter : hcm.http_filters()) note_chance(listener, filter.typed_config());
    base.call.authority = "any.example";
    bases_.push_back(base);
    if (!config) return add(must_, base, "no route configuration");
    for (const auto& host : config->virtual_hosts()) take_host(listener, host, base);
    auto other = base;
    other.call.authority = "nobody.example:8080";
    other.call.path = "/nowhere";
    add(must_, other, "a host and a path that nobody has");
    for (const auto* path : odd_paths) {
      other = base;
      other.call.path = path;
      add(more_, other, "odd path");
    }
  }

  void take_host(const lst::Listener& listener, const rt::VirtualHost& host, GeneratedCall base) {
    for (int i = 0; i < host.domains_size(); ++i) {
      base.call.authority = example_of_domain(host.domains(i));
      authorities_.push_back(base.call.authority);
      for (const auto& route : host.routes()) {
        // Every route of the first domain, of the others one.
        if (i > 0 && &route != &host.routes(0)) break;
        take_route(listener, host, route, base);
      }
      if (host.domains(i) == "*") continue;
      auto miss = [&](const std::string& authority) {
        auto near = base;
        near.call.authority = authority;
        if (host.routes_size() > 0) near.call.path = path_of(host.routes(0).match());
        add(more_, near, fmt::format("near domain {}", host.domains(i)));
      };
      for (const auto& near : near_misses(base.call.authority)) miss(near);
      miss(base.call.authority + ":8080");
      miss("a." + base.call.authority);
    }
  }

  void take_route(const lst::Listener& listener, const rt::VirtualHost& host, const rt::Route& route,
                  const GeneratedCall& base) {
    const auto& match = route.match();
    auto name = fmt::format("route {} of host {}", text_of(route), host.name());
    // `left_out` of the header matchers, then of the query matchers; -1: none.
    auto made = [&](int left_out = -1) {
      auto out = base;
      auto& call = out.call;
      call.path = path_of(match);
      for (int i = 0; i < match.headers_size(); ++i)
        if (i != left_out) satisfy(call, match.headers(i));
      if (match.has_grpc()) call.headers.emplace_back("content-type", "application/grpc");
      for (int i = 0; i < match.query_parameters_size(); ++i) {
        if (match.headers_size() + i == left_out) continue;
        const auto& q = match.query_parameters(i);
        call.path += (call.path.contains('?') ? "&" : "?") + q.name() + "=" +
                     (q.has_string_match() ? example_of(q.string_match()) : "any");
      }
      return out;
    };
    auto whole = made();
    paths_.push_back(whole.call.path);
    add(must_, whole, name);
    near_paths(match, whole, name);
    for (int i = 0; i < match.headers_size() + match.query_parameters_size(); ++i) {
      bool header = i < match.headers_size();
      const auto& what = header ? match.headers(i).name() : match.query_parameters(i - match.headers_size()).name();
      add(must_, made(i), fmt::format("{}: {} {} left out", name, header ? "header" : "parameter", what));
      near_values(whole, lowered(what), header, name);
    }
    auto other = whole;
    other.call.method = whole.call.method == "POST" ? "GET" : "POST";
    add(more_, other, name + ": other method");
    if (route.has_route()) {
      take_answers(route.route().has_retry_policy() ? route.route().retry_policy() : host.retry_policy(), other, name);
      take_answers(route.route().has_retry_policy() ? route.route().retry_policy() : host.retry_policy(), whole, name);
    }
    for (const auto& cluster : route.route().weighted_clusters().clusters())
      if (cluster.weight().value() > 0)
        out_.choices[choice_key(listener.name(), host.name() + " " + text_of(route))].insert(cluster.name());
    for (const auto& [filter, config] : route.typed_per_filter_config()) note_chance(listener, config);
    out_.route_names.insert(route.name());
  }

  void note_chance(const lst::Listener& listener, const ::google::protobuf::Any& filter) {
    if (filter.type_url().ends_with(".LocalRateLimit")) out_.rate_limited.insert(listener.name());
    if (filter.type_url().ends_with(".HTTPFault")) out_.at_times_faulty.insert(listener.name());
  }

  /// Failures of the application, which a retry policy may do something about; not where that would take long.
  void take_answers(const rt::RetryPolicy& retry, const GeneratedCall& whole, const std::string& name) {
    constexpr std::array answers{"500", "502", "503", "504", "429", "409", "404", answer_close};
    const auto& pause = retry.retry_back_off().base_interval();
    constexpr std::int32_t pause_nanos_max = 100'000'000;
    constexpr std::uint32_t retries_max = 6;
    bool slow = pause.seconds() > 0 || pause.nanos() > pause_nanos_max || retry.num_retries().value() > retries_max;
    if (retry.ByteSizeLong() > 0 && slow) return;
    auto& to = retry.ByteSizeLong() > 0 ? must_ : more_;
    for (int i = 0; i < 2; ++i) {
      const char* answer = answers[below(answers.size())];
      auto failing = whole;
      failing.call.headers.emplace_back(answer_header, answer);
      add(to, failing, fmt::format("{}: answered {}", name, answer));
    }
  }

  void near_paths(const rt::RouteMatch& match, const GeneratedCall& whole, const std::string& name) {
    auto question = std::min(whole.call.path.find('?'), whole.call.path.size());
    auto path = whole.call.path.substr(0, question);
    auto query = whole.call.path.substr(question);
    auto with = [&](const std::string& changed) {
      auto near = whole;
      near.call.path = changed + query;
      if (!changed.starts_with('/')) return;
      add(more_, near, fmt::format("{}: path {}", name, changed));
    };
    for (const auto& near : near_misses(path)) with(near);
    with(path + (path.ends_with('/') ? "sub" : "/"));
    with(path + (path.ends_with('/') ? "sub/path" : "/sub"));
    auto asked = whole;
    asked.call.path += query.empty() ? "?extra=1" : "&extra=1";
    add(more_, asked, name + ": another parameter");
    if (match.has_safe_regex()) with("/q" + path);
  }

  void near_values(const GeneratedCall& whole, const std::string& what, bool header, const std::string& name) {
    auto with = [&](const std::string& value) {
      auto near = whole;
      auto& call = near.call;
      if (!header) {
        auto at = call.path.find(what + "=");
        if (at == std::string::npos) return;
        call.path = call.path.substr(0, at) + what + "=" + value;
      } else if (what.starts_with(':')) {
        set_header(call, what, value);
      } else {
        std::erase_if(call.headers, [&](const auto& h) { return h.first == what; });
        call.headers.emplace_back(what, value);
      }
      add(more_, near, fmt::format("{}: {} is {}", name, what, value));
    };
    std::string held;
    for (const auto& [key, value] : whole.call.headers)
      if (key == what) held = value;
    if (auto at = whole.call.path.find(what + "="); !header && at != std::string::npos) {
      at += what.size() + 1;
      held = whole.call.path.substr(at, whole.call.path.find('&', at) - at);
    }
    if (what == ":method") {
      for (const auto* method : {"PUT", "DELETE"}) with(method);
    } else if (!what.starts_with(':')) {
      for (const auto& near : near_misses(held.empty() ? "other" : held)) with(near);
    }
  }

  /// Fills up with requests put together from what the snapshot names.
  void vary() {
    if (bases_.empty()) return;
    std::vector<std::string> paths(odd_paths.begin(), odd_paths.end());
    paths.insert(paths.end(), paths_.begin(), paths_.end());
    authorities_.push_back("other.example");
    constexpr int tries_max = 400;
    for (int i = 0; i < tries_max && out_.calls.size() < limits_.least; ++i) {
      auto call = bases_[below(bases_.size())];
      if (call.call.protocol == sim::CallProtocol::tcp) {
        call.why = "raw bytes again";
        out_.calls.push_back(std::move(call));
        continue;
      }
      call.call.method = methods[below(methods.size())];
      call.call.authority = authorities_[below(authorities_.size())];
      call.call.path = paths[below(paths.size())];
      if (auto number = below(1000); below(2) == 0)
        call.call.path += fmt::format("{}n={}", call.call.path.contains('?') ? "&" : "?", number);
      add(out_.calls, std::move(call), "varied");
    }
  }

  std::map<std::string, rt::RouteConfiguration> routes_;
  std::map<std::string, lst::Listener> listeners_;
  std::string machine_;
  std::mt19937_64 random_;
  CallLimits limits_;
  CallPlan out_;
  std::vector<GeneratedCall> must_, more_, bases_;
  std::vector<std::string> paths_, authorities_;
  std::set<std::string> seen_;
};

}  // namespace

std::string describe(const GeneratedCall& generated) {
  const auto& c = generated.call;
  auto request = c.protocol == sim::CallProtocol::tcp ? std::string("raw")
                                                      : fmt::format("{} {} host {}", c.method, c.path, c.authority);
  for (const auto& [name, value] : c.headers) request += fmt::format(" {}: {}", name, value);
  if (generated.tls != CallTls::none) request += fmt::format(" over TLS to '{}'", generated.server_name);
  return fmt::format("{}:{} {}{} ({})", c.address, c.port, generated.redirected ? "redirected " : "", request,
                     generated.why);
}

std::string choice_key(const std::string& listener, const std::string& route) { return listener + "\n" + route; }

CallPlan generate_calls(const TrafficSnapshot& served, std::uint64_t seed, CallLimits limits) {
  return Generator(served, seed, limits).plan();
}

}  // namespace kumasim::test
