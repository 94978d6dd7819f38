#include "tests/real_envoy/generated_calls.hpp"

#include <utility>

#include "sim/envoy/config/string_match.hpp"
#include "tests/real_envoy/draw.hpp"
#include "tests/real_envoy/generated_matches.hpp"

namespace kumasim::test {
namespace {

/// Draws of a status for an application to answer with.
constexpr auto statuses = {"500", "502", "503", "504", "429", "409", "404", "201", answer_close, answer_close};
/// And of one of gRPC's; the last is none of them.
constexpr auto grpc_statuses = {"0", "1", "2", "4", "7", "8", "13", "14", "14", "99"};

void vary(Draw& draw, GeneratedCall& call) {
  sim::Call& request = call.call;
  request.method = draw.percent(60) ? "GET" : draw.one_of({"POST", "PUT", "DELETE", "HEAD", "OPTIONS"});
  request.path = draw.one_of(drawn_paths());
  if (draw.percent(35)) request.path += "?" + draw.one_of(drawn_queries());
  request.authority = draw.one_of(drawn_authorities());
  request.headers.clear();
  for (const std::string& name : drawn_headers())
    if (draw.percent(35)) request.headers.emplace_back(name, draw.one_of(drawn_values()));
  if (draw.percent(5)) request.headers.emplace_back("x-a", draw.one_of(drawn_values()));
  if (draw.percent(25)) request.headers.emplace_back("x-cluster", draw.one_of({"c0", "c1", "missing"}));
  if (draw.percent(15))
    request.headers.emplace_back("content-type",
                                 draw.one_of({"application/grpc", "application/grpc+proto", "application/grpc-web"}));
  call.why = "drawn";
}

}  // namespace

std::vector<GeneratedCall> generate_drawn_calls(const TrafficSnapshot& served, std::uint64_t seed, std::size_t count,
                                                bool slow) {
  Draw draw(seed);
  const std::size_t derived = count / 2;
  std::vector<GeneratedCall> out = generate_calls(served, draw.word(), {.least = derived, .most = derived}).calls;
  // Of a matcher's example there can be targets that no client may send.
  std::erase_if(out, [](const GeneratedCall& call) { return !call.call.path.starts_with('/'); });
  const std::vector<GeneratedCall> bases = out;
  while (!bases.empty() && out.size() < count) {
    GeneratedCall call = draw.one_of(bases);
    if (call.call.protocol == sim::CallProtocol::http) vary(draw, call);
    out.push_back(std::move(call));
  }
  draw.shuffle(out);
  std::size_t silent_left = slow ? 2 : 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    sim::Headers& headers = out[i].call.headers;
    if (out[i].call.protocol != sim::CallProtocol::http) continue;
    const bool told = sim::proxy::find_header(headers, answer_header).has_value();
    if (!told && silent_left > 0 && draw.percent(30)) {
      headers.emplace_back(answer_header, answer_silence);
      --silent_left;
    } else if (!told && draw.percent(25)) {
      headers.emplace_back(answer_header, draw.one_of(statuses));
    }
    const bool grpc = sim::proxy::find_header(headers, "content-type").has_value();
    if (draw.percent(grpc ? 60 : 2)) headers.emplace_back(grpc_answer_header, draw.one_of(grpc_statuses));
    headers.emplace_back(call_header, std::to_string(i));
  }
  return out;
}

}  // namespace kumasim::test
