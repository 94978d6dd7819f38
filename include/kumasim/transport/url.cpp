#include "kumasim/transport/url.hpp"

#include <charconv>
#include <optional>

namespace kumasim {

namespace {

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Code::invalid_argument, "\"" + std::string(text) + "\" is not a URL: " + std::string(why));
}

}  // namespace

std::string Url::authority() const {
  auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  auto rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else {
    return bad(text, "it must start with http:// or https://");
  }
  url.port = url.tls ? 443 : 80;
  rest = rest.substr(0, rest.find('#'));
  auto end = rest.find_first_of("/?");
  auto authority = rest.substr(0, end);
  if (end != std::string_view::npos) {
    url.target = std::string(rest.substr(end));
    if (url.target.front() == '?') url.target.insert(0, "/");
  }
  if (authority.find('@') != std::string_view::npos) return bad(text, "a user in it is not supported");
  auto port = std::string_view();
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == std::string_view::npos) return bad(text, "the bracket is not closed");
    url.host = std::string(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
  } else {
    url.host = std::string(authority.substr(0, authority.find(':')));
    port = authority.substr(url.host.size());
  }
  if (url.host.empty()) return bad(text, "it has no host");
  if (port.empty()) return url;
  const auto* last = port.data() + port.size();
  auto [at, code] = std::from_chars(port.data() + 1, last, url.port);
  if (port.front() != ':' || at != last || code != std::errc() || url.port == 0)
    return bad(text, "the port is no port");
  return url;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto high = i + 2 < text.size() ? hex(text[i + 1]) : std::nullopt;
    auto low = i + 2 < text.size() ? hex(text[i + 2]) : std::nullopt;
    if (text[i] == '%' && high && low) {
      out.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    } else if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (auto c : text) {
    if (unreserved(c)) {
      out.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte / 16]);
    out.push_back(digits[byte % 16]);
  }
  return out;
}

Target parse_target(std::string_view target) {
  Target out;
  auto mark = target.find('?');
  out.path = percent_decode(target.substr(0, mark));
  if (mark == std::string_view::npos) return out;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    auto end = rest.find('&');
    auto pair = rest.substr(0, end);
    auto equals = pair.find('=');
    auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    if (!pair.empty())
      out.query.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace kumasim
