/// Builds the graph with libcgraph and draws it with libgvc.
#include "tools/graph/topology_graph.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <graphviz/cgraph.h>
#include <graphviz/gvc.h>

#include "kumasim/runtime/markup.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* ink = "#1d2433";
constexpr const char* soft = "#7a869a";
constexpr const char* good = "#12703a";
constexpr const char* bad = "#b3261e";
constexpr std::size_t faults_shown_max = 4;
constexpr std::size_t instances_named_max = 8;

std::string coloured(std::string_view text, const char* colour, int points = 10) {
  return fmt::format("<font point-size=\"{}\" color=\"{}\">{}</font>", points, colour, markup_escaped(text));
}

class Picture {
 public:
  /// `prefix` begins the ids in the drawing.
  explicit Picture(std::string prefix)
      : graph_(agopen(const_cast<char*>("mesh"), Agstrictdirected, nullptr)), prefix_(std::move(prefix)) {}
  ~Picture() { agclose(graph_); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  Agraph_t* graph() { return graph_; }

  void set(void* object, const char* name, const std::string& value) {
    agsafeset(object, const_cast<char*>(name), const_cast<char*>(value.c_str()), const_cast<char*>(""));
  }
  /// An HTML-like label of Graphviz.
  void label(void* object, const std::string& html) {
    char* text = agstrdup_html(graph_, const_cast<char*>(html.c_str()));
    agsafeset(object, const_cast<char*>("label"), text, const_cast<char*>(""));
    agstrfree(graph_, text);
  }
  /// For scripts and style sheets.
  void identify(void* object, const std::string& id, const std::string& style) {
    set(object, "id", prefix_ + id);
    set(object, "class", style);
  }
  Agnode_t* node(const std::string& name) { return agnode(graph_, const_cast<char*>(name.c_str()), 1); }
  Agedge_t* edge(Agnode_t* from, Agnode_t* to, const std::string& name) {
    return agedge(graph_, from, to, const_cast<char*>(name.c_str()), 1);
  }

 private:
  Agraph_t* graph_;
  std::string prefix_;
};

/// The faults of one service or control plane, one line each.
std::string fault_lines(const Scenario& scenario, const Plan& plan, const std::string& name) {
  std::string out;
  std::size_t count = 0;
  std::vector<std::string> processes = scenario.processes_of(name);
  for (const Action& action : plan.actions) {
    if (!action.fault && !action.recovery) continue;
    if (std::ranges::none_of(processes, [&](const std::string& process) { return action.order.touches(process); }))
      continue;
    if (++count > faults_shown_max) return out + "<br/>" + coloured("...", bad, 9);
    out += "<br/>" + coloured(duration_text(action.at) + " " + action.text, action.fault ? bad : soft, 9);
  }
  return out;
}

void add_services(Picture& picture, const Scenario& scenario, const Plan& plan) {
  for (const Service& service : scenario.services) {
    std::map<std::string, std::size_t> versions;
    std::vector<std::string> instances;
    for (const Instance& instance : scenario.instances) {
      if (instance.service != service.name) continue;
      instances.push_back(instance.process);
      auto version = instance.tags.find("version");
      ++versions[version == instance.tags.end() ? "" : version->second];
    }
    std::string html = fmt::format("<b>{}</b>", markup_escaped(service.name));
    for (const auto& [version, count] : versions) {
      html += "<br/>" + coloured(version.empty() ? fmt::format("{} instance{}", count, count == 1 ? "" : "s")
                                                 : fmt::format("{} x {}", version, count),
                                 soft);
    }
    if (instances.size() <= instances_named_max) {
      for (const std::string& process : instances) html += "<br/>" + coloured(process, soft, 9);
    }
    html += fault_lines(scenario, plan, service.name);
    Agnode_t* node = picture.node(service.name);
    picture.label(node, html);
    picture.identify(node, "service-" + service.name, "service");
    picture.set(node, "fillcolor", "#eef3fb");
  }
}

void add_flows(Picture& picture, const Scenario& scenario, const WorldRun* run) {
  for (const Service& service : scenario.services) {
    for (const Outbound& outbound : service.calls) {
      Agedge_t* edge = picture.edge(picture.node(service.name), picture.node(outbound.to), "call");
      picture.identify(edge, fmt::format("flow-{}-{}", service.name, outbound.to), "flow");
      const Flow* flow = nullptr;
      if (run != nullptr) {
        for (const Flow& candidate : run->flows) {
          if (candidate.from == service.name && candidate.to == outbound.to) flow = &candidate;
        }
      }
      if (flow == nullptr || flow->calls == 0) {
        picture.set(edge, "color", soft);
        continue;
      }
      double ok = 100.0 * static_cast<double>(flow->ok) / static_cast<double>(flow->calls);
      const char* colour = flow->ok == flow->calls ? good : flow->ok > flow->failed ? ink : bad;
      std::string html = coloured(fmt::format("{} calls, {:.1f}% ok", flow->calls, ok), colour);
      if (flow->denied > 0) html += "<br/>" + coloured(fmt::format("{} denied", flow->denied), bad);
      if (flow->plaintext > 0) html += "<br/>" + coloured(fmt::format("{} in plaintext", flow->plaintext), bad);
      std::size_t all = 0;
      for (const auto& [version, count] : flow->split) all += count;
      if (flow->split.size() > 1 && flow->split.size() <= 4) {
        for (const auto& [version, count] : flow->split) {
          html += "<br/>" + coloured(fmt::format("{} {:.1f}%", version,
                                                 100.0 * static_cast<double>(count) / static_cast<double>(all)),
                                     soft);
        }
      }
      html +=
          "<br/>" + coloured(fmt::format("p50 {} p99 {}", latency_text(flow->p50), latency_text(flow->p99)), soft, 9);
      picture.label(edge, html);
      picture.set(edge, "color", colour);
      picture.set(edge, "penwidth", "1.6");
    }
  }
}

Agnode_t* add_control_plane(Picture& picture, const Scenario& scenario, const Plan& plan, const std::string& name) {
  Agnode_t* node = picture.node(name);
  picture.label(node, fmt::format("<b>{}</b>", markup_escaped(name)) + fault_lines(scenario, plan, name));
  picture.identify(node, "process-" + name, "control-plane");
  picture.set(node, "shape", "component");
  picture.set(node, "fillcolor", "#fff6e0");
  return node;
}

/// What a control plane tells another process.
void add_dots(Picture& picture, Agnode_t* from, Agnode_t* to, const std::string& id) {
  Agedge_t* edge = picture.edge(from, to, "xds");
  picture.identify(edge, id, "xds");
  picture.set(edge, "style", "dotted");
  picture.set(edge, "color", soft);
  picture.set(edge, "arrowhead", "none");
  picture.set(edge, "constraint", "false");
}

/// Who a control plane's proxies are connected to: any of its processes. `id` is "xds-NAME".
void add_dots(Picture& picture, const ControlPlaneSpec& from, Agnode_t* to, const std::string& id) {
  if (from.replicas.empty()) return add_dots(picture, picture.node(from.name), to, id);
  for (const std::string& replica : from.replicas)
    add_dots(picture, picture.node(replica), to, fmt::format("{}-{}", id, replica));
}

/// All of its processes, and the store that several share.
void add_processes(Picture& picture, const Scenario& scenario, const Plan& plan, const ControlPlaneSpec& spec) {
  for (const std::string& name : spec.processes()) add_control_plane(picture, scenario, plan, name);
  if (spec.replicas.empty()) return;
  Agnode_t* table = add_control_plane(picture, scenario, plan, spec.store_process());
  for (const std::string& name : spec.replicas) add_dots(picture, table, picture.node(name), "store-" + name);
}

/// Its control plane, its proxies, and which services it has instances of.
void add_zone(Picture& picture, const Scenario& scenario, const Plan& plan, const Zone& zone) {
  const ControlPlaneSpec &global = scenario.control_plane, &plane = zone.control_plane;
  add_processes(picture, scenario, plan, plane);
  for (const std::string& name : plane.processes())
    add_dots(picture, global, picture.node(name), "kds-" + (plane.replicas.empty() ? zone.name : name));
  std::vector<std::string> proxies = zone.ingresses;
  proxies.insert(proxies.end(), zone.egresses.begin(), zone.egresses.end());
  for (const std::string& name : proxies) {
    Agnode_t* proxy = picture.node(name);
    picture.label(proxy, fmt::format("<b>{}</b>", markup_escaped(name)) + fault_lines(scenario, plan, name));
    picture.identify(proxy, "process-" + name, "zone-proxy");
    add_dots(picture, plane, proxy, "xds-" + name);
  }
  for (const Service& service : scenario.services) {
    bool here = std::ranges::any_of(scenario.instances, [&](const Instance& instance) {
      return instance.service == service.name && scenario.zone_of(instance.process) == zone.name;
    });
    if (here) add_dots(picture, plane, picture.node(service.name), fmt::format("xds-{}-{}", zone.name, service.name));
  }
}

void add_control_planes(Picture& picture, const Scenario& scenario, const Plan& plan) {
  add_processes(picture, scenario, plan, scenario.control_plane);
  for (const Zone& zone : scenario.zones) add_zone(picture, scenario, plan, zone);
  if (!scenario.zones.empty()) return;
  for (const Service& service : scenario.services)
    add_dots(picture, scenario.control_plane, picture.node(service.name), "xds-" + service.name);
}

std::string title(const Scenario& scenario, const WorldRun* run) {
  std::string out = fmt::format("<b>{}</b>", markup_escaped(scenario.name));
  if (run == nullptr) return out;
  std::size_t held = 0;
  for (const Verdict& verdict : run->verdicts) held += verdict.held ? 1 : 0;
  auto judged = std::ranges::count(run->verdicts, false, &Verdict::skipped);
  out += "<br/>" + coloured(fmt::format("{} world, seed {}: {} of {} expectations held",
                                        run->world == "sim" ? "simulated" : "live", run->seed, held, judged),
                            run->passed() ? good : bad);
  for (const Verdict& verdict : run->verdicts) {
    if (verdict.broken()) out += "<br/>" + coloured("broken: " + verdict.title, bad, 9);
  }
  return out;
}

std::string dot_text(Agraph_t* graph) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  if (file == nullptr) return {};
  agwrite(graph, file);
  std::fclose(file);
  std::string out(text, size);
  std::free(text);
  return out;
}

Result<std::string> svg_text(Agraph_t* graph) {
  std::unique_ptr<GVC_t, int (*)(GVC_t*)> context(gvContext(), gvFreeContext);
  if (gvLayout(context.get(), graph, "dot") != 0)
    return fail(Code::internal, "Graphviz cannot lay the graph out; is libgvc6 installed?");
  char* text = nullptr;
  unsigned size = 0;
  int drawn = gvRenderData(context.get(), graph, "svg", &text, &size);
  std::string out = drawn == 0 && text != nullptr ? std::string(text, size) : std::string();
  gvFreeRenderData(text);
  gvFreeLayout(context.get(), graph);
  if (out.empty()) return fail(Code::internal, "Graphviz cannot draw SVG");
  return out;
}

}  // namespace

Result<std::string> draw_graph(const Scenario& scenario, const WorldRun* run, GraphFormat format) {
  Picture picture(run == nullptr ? "" : run_id(*run) + "-");
  picture.identify(picture.graph(), "topology", "topology");
  agattr(picture.graph(), AGNODE, const_cast<char*>("shape"), const_cast<char*>("box"));
  agattr(picture.graph(), AGNODE, const_cast<char*>("style"), const_cast<char*>("rounded,filled"));
  agattr(picture.graph(), AGNODE, const_cast<char*>("fillcolor"), const_cast<char*>("white"));
  agattr(picture.graph(), AGNODE, const_cast<char*>("fontname"), const_cast<char*>("Helvetica"));
  agattr(picture.graph(), AGEDGE, const_cast<char*>("fontname"), const_cast<char*>("Helvetica"));
  agattr(picture.graph(), AGRAPH, const_cast<char*>("fontname"), const_cast<char*>("Helvetica"));
  agattr(picture.graph(), AGRAPH, const_cast<char*>("rankdir"), const_cast<char*>("LR"));
  agattr(picture.graph(), AGRAPH, const_cast<char*>("labelloc"), const_cast<char*>("t"));
  agattr(picture.graph(), AGRAPH, const_cast<char*>("nodesep"), const_cast<char*>("0.5"));
  agattr(picture.graph(), AGRAPH, const_cast<char*>("ranksep"), const_cast<char*>("1.0"));
  Plan plan = make_plan(scenario, run == nullptr ? 1 : run->seed);
  add_control_planes(picture, scenario, plan);
  add_services(picture, scenario, plan);
  add_flows(picture, scenario, run);
  picture.label(picture.graph(), title(scenario, run));
  if (format == GraphFormat::dot) return dot_text(picture.graph());
  return svg_text(picture.graph());
}

}  // namespace kumasim::scenario
