/// Matches URLs by sets of positions, so that no text takes more than quadratic time.
#include "reference-cp/model/rules/urls.hpp"

#include <algorithm>
#include <set>

#include "reference-cp/model/rules/network.hpp"

namespace kumasim::cp {
namespace {

constexpr std::size_t url_bytes_max = 2083;
constexpr std::size_t url_bytes_min = 4;

using Positions = std::set<std::size_t>;
using Class = bool (*)(char);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum_dash(char c) { return is_alnum(c) || c == '-' || c == '_'; }
bool is_wide(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_word(char c) { return is_alnum(c) || is_wide(c); }
bool is_letter(char c) { return is_word(c) && !is_digit(c); }
bool is_dash(char c) { return c == '-'; }
bool is_dot(char c) { return c == '.'; }
bool is_dash_dot(char c) { return c == '-' || c == '.'; }
bool is_joint(char c) { return is_dash_dot(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }

/// Where a text can have been read to, given where it was before.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : text_(text) {}

  Positions one(const Positions& from, Class good) const {
    Positions out;
    for (auto at : from) {
      if (at < text_.size() && good(text_[at])) out.insert(at + 1);
    }
    return out;
  }

  Positions maybe(const Positions& from, Class good) const { return both(from, one(from, good)); }

  Positions many(const Positions& from, Class good) const {
    Positions out, next = one(from, good);
    while (!next.empty()) {
      out.merge(next);
      next = one(out, good);
      std::erase_if(next, [&](auto at) { return out.contains(at); });
    }
    return out;
  }

  /// `step` any number of times.
  template <class Step>
  Positions any(const Positions& from, Step step) const {
    Positions out = from, next = step(from);
    while (true) {
      std::erase_if(next, [&](auto at) { return out.contains(at); });
      if (next.empty()) return out;
      out.insert(next.begin(), next.end());
      next = step(next);
    }
  }

  static Positions both(Positions a, const Positions& b) {
    a.insert(b.begin(), b.end());
    return a;
  }

  /// An address of four octets that does not start with 0.
  Positions ipv4(std::size_t at) const {
    Positions out;
    for (std::size_t end = at + 7; end <= std::min(at + 15, text_.size()); ++end) {
      std::string_view part = text_.substr(at, end - at);
      if (part[0] != '0' && is_ip(part)) out.insert(end);
    }
    return out;
  }

  Positions bracketed(std::size_t at) const {
    auto end = text_.find(']', at);
    if (at >= text_.size() || text_[at] != '[' || end == std::string_view::npos) return {};
    std::string_view inner = text_.substr(at + 1, end - at - 1);
    return inner.find(':') != std::string_view::npos && is_ip(inner) ? Positions{end + 1} : Positions{};
  }

  /// Labels whose first has at least two characters; or a subdomain; or nothing; then a name and a top-level domain.
  Positions name(std::size_t at) const {
    Positions start{at};
    Positions labels = one(both(one(start, is_alnum), many(one(start, is_alnum), is_alnum_dash)), is_alnum);
    labels = any(labels, [this](const Positions& from) { return many(one(from, is_dash_dot), is_alnum); });
    Positions sub =
        any(many(start, is_alnum), [this](const Positions& from) { return one(maybe(from, is_joint), is_alnum); });
    sub = many(one(one(sub, is_alnum), is_dot), is_alnum);
    if (text_.substr(at).starts_with("www.")) sub.insert(at + 4);
    Positions before = both(both(start, labels), sub);
    Positions last =
        any(before, [this](const Positions& from) { return maybe(maybe(many(from, is_word), is_dash), is_dash); });
    last = many(last, is_word);
    return both(last, many(one(last, is_dot), is_letter));
  }

  /// Whether what follows one of these is a port and a path, or nothing.
  bool closes(const Positions& hosts) const {
    Positions ends = maybe(hosts, is_dot);
    Positions colon = one(ends, [](char c) { return c == ':'; });
    for (int i = 0; i < 5; ++i) {
      colon = one(colon, is_digit);
      ends.insert(colon.begin(), colon.end());
    }
    return std::ranges::any_of(ends, [this](auto at) {
      if (at == text_.size()) return true;
      char c = text_[at];
      return (c == '/' || c == '?' || c == '#') && std::ranges::none_of(text_.substr(at), is_space);
    });
  }

 private:
  std::string_view text_;
};

bool good_escapes(std::string_view text) {
  auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && (i + 2 >= text.size() || !hex(text[i + 1]) || !hex(text[i + 2]))) return false;
  }
  return true;
}

bool matches_url(std::string_view text) {
  std::size_t start = 0;
  for (std::string_view scheme : {"ftp://", "tcp://", "udp://", "ws://", "wss://", "http://", "https://"}) {
    if (text.starts_with(scheme)) start = scheme.size();
  }
  Positions starts{start};
  auto space = std::ranges::find_if(text, is_space) - text.begin();
  for (auto at = text.find('@', 1); at != std::string_view::npos && at < static_cast<std::size_t>(space);
       at = text.find('@', at + 1)) {
    starts.insert(at + 1);
  }
  Matcher matcher(text);
  Positions hosts;
  for (auto at : starts) {
    hosts = Matcher::both(std::move(hosts), matcher.ipv4(at));
    hosts = Matcher::both(std::move(hosts), matcher.bracketed(at));
    hosts = Matcher::both(std::move(hosts), matcher.name(at));
  }
  return matcher.closes(hosts);
}

/// What Go takes in a host: unreserved characters, some others, brackets around an IPv6 address.
bool is_host(std::string_view host) {
  bool bracketed = host.starts_with("[");
  if (host.find_first_of("[]") != std::string_view::npos && (!bracketed || !host.ends_with("]"))) return false;
  if (bracketed && !is_ip(host.substr(1, host.size() - 2))) return false;
  return std::ranges::all_of(host, [](char c) {
    return is_word(c) || std::string_view("-_.~!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos;
  });
}

bool is_user(std::string_view user) {
  return good_escapes(user) && std::ranges::all_of(user, [](char c) {
           return is_alnum(c) || std::string_view("-._:~!$&'()*+,;=%@").find(c) != std::string_view::npos;
         });
}

/// The scheme with its colon gone from `text`; false where the colon has nothing before it.
bool take_scheme(std::string_view& text, std::string& scheme) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool letter = is_alnum(c) && !is_digit(c);
    if (c == ':') {
      if (i == 0) return false;
      scheme = text.substr(0, i);
      std::ranges::transform(scheme, scheme.begin(),
                             [](char l) { return l >= 'A' && l <= 'Z' ? static_cast<char>(l + 32) : l; });
      text.remove_prefix(i + 1);
      return true;
    }
    if (!letter && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.'))) return true;
  }
  return true;
}

bool take_authority(std::string_view authority, UrlParts& out) {
  auto user = authority.rfind('@');
  out.has_user = user != std::string_view::npos;
  if (out.has_user) {
    if (!is_user(authority.substr(0, user))) return false;
    authority.remove_prefix(user + 1);
  }
  auto close = authority.rfind(']');
  auto port = authority.rfind(':');
  if (port != std::string_view::npos && (close == std::string_view::npos || port > close)) {
    out.port = authority.substr(port + 1);
    if (!std::ranges::all_of(out.port, is_digit)) return false;
    authority = authority.substr(0, port);
  }
  out.host = authority;
  return is_host(authority);
}

/// `request` takes only what a request line may hold: an absolute path or a scheme.
std::optional<UrlParts> parse(std::string_view text, bool request) {
  UrlParts out;
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, control) || (request && text.empty())) return std::nullopt;
  if (text == "*") {
    out.path = text;
    return out;
  }
  if (!take_scheme(text, out.scheme)) return std::nullopt;
  auto question = text.find('?');
  if (question != std::string_view::npos) out.query = text.substr(question + 1);
  text = text.substr(0, question);
  if (!text.starts_with("/")) {
    if (!out.scheme.empty()) {
      out.opaque = text;
      return out;
    }
    if (request || text.substr(0, text.find('/')).find(':') != std::string_view::npos) return std::nullopt;
  }
  bool authority = !out.scheme.empty() || (!request && !text.starts_with("///"));
  if (authority && text.starts_with("//")) {
    text.remove_prefix(2);
    auto slash = std::min(text.find('/'), text.size());
    if (!take_authority(text.substr(0, slash), out)) return std::nullopt;
    text.remove_prefix(slash);
  }
  out.path = text;
  if (!good_escapes(text)) return std::nullopt;
  return out;
}

}  // namespace

bool is_url(std::string_view text) {
  if (text.size() < url_bytes_min || text.size() >= url_bytes_max || text.starts_with(".")) return false;
  bool only_port = text.find(':') != std::string_view::npos && text.find("://") == std::string_view::npos;
  std::string whole = (only_port ? "http://" : "") + std::string(text);
  auto hash = std::min(whole.find('#'), whole.size());
  auto parts = parse(std::string_view(whole).substr(0, hash), false);
  if (!parts || !good_escapes(std::string_view(whole).substr(hash))) return false;
  if (parts->host.empty() && parts->port.empty() && !parts->path.empty() && parts->path.find('.') == std::string::npos)
    return false;
  return matches_url(text);
}

bool is_file_path(std::string_view text) {
  if (text.starts_with("/")) return text.find('\0') == std::string_view::npos;
  bool letter = !text.empty() && is_letter(text[0]) && !is_wide(text[0]);
  if (!letter || !text.substr(1).starts_with(":\\")) return false;
  return text.substr(3).find_first_of("/:*?\"<>|\r\n") == std::string_view::npos &&
         text.find("\\\\") == std::string_view::npos;
}

std::optional<UrlParts> split_url(std::string_view text) { return parse(text, true); }

}  // namespace kumasim::cp
