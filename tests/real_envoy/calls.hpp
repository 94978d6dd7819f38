/// Calls that exercise the listeners and routes of a snapshot: what each match asks for, and near misses of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"

namespace kumasim::test {

/// What a client does about TLS: `hello` sends a ClientHello and waits for any bytes, where the listener passes TLS on.
enum class CallTls : std::uint8_t { none, handshake, hello };

struct GeneratedCall {
  sim::Call call;
  bool redirected = false;  ///< reaches the proxy by transparent redirection only
  CallTls tls = CallTls::none;
  std::string server_name = {};  ///< of TLS
  std::string why = {};          ///< what it is to show: "route /api of host *: header x-a left out"
};

/// A request's header with the status that the application is to answer with, or to close the connection instead, or to
/// do nothing at all.
inline constexpr auto answer_header = "x-answer", answer_close = "close", answer_silence = "silence";
/// Beside it or alone: the answer carries this grpc-status among its headers.
inline constexpr auto grpc_answer_header = "x-answer-grpc";

/// One line: listener, request, why.
std::string describe(const GeneratedCall& call);

/// Where chance chooses among weighted clusters: those of a route, by choice_key().
using ClusterChoices = std::map<std::string, std::set<std::string>>;

/// Of an HTTP route by the names of its virtual host and route as the simulated Envoy tells them; of a TCP proxy
/// without either.
std::string choice_key(const std::string& listener, const std::string& route = {});

struct CallPlan {
  std::vector<GeneratedCall> calls;
  std::set<Application> passed_to;  ///< where connections go that the proxy passes through
  std::size_t matches = 0;          ///< how many there are to exercise, before the limit
  ClusterChoices choices;
  std::set<std::string> rate_limited;     ///< listeners with a bucket: which call finds it empty depends on time
  std::set<std::string> at_times_faulty;  ///< listeners that inject faults into some calls
  std::set<std::string> route_names;      ///< as configured
};

struct CallLimits {
  std::size_t least = 20, most = 48;
};

/// Of every listener: for each filter chain, virtual host, domain and route a request that it matches, then near misses
/// as the seed draws them, up to the limit; varied requests where that gives too few. The same seed gives the same
/// calls. Empty where there is no listener but the one that passes everything through.
CallPlan generate_calls(const TrafficSnapshot& served, std::uint64_t seed, CallLimits limits = {});

}  // namespace kumasim::test
