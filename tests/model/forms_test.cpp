/// Forms of URLs, paths, host names and regular expressions: answers of Go and govalidator, by hand.
#include <gtest/gtest.h>

#include "reference-cp/model/rules/go_regex.hpp"
#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/go_template_parser.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/urls.hpp"

namespace kumasim::cp::testing {
namespace {

TEST(Forms, Urls) {
  for (const char* good :
       {"127.0.0.1:5000", "google.com", "http://logs.com", "otel-collector:4317", "localhost:80", "http://localhost",
        "tcp://a.b:1/p?q#f", "http://user:pw@host/x", "www.a-b.example", "[::1]:80", "http://h.com/%20"}) {
    EXPECT_TRUE(is_url(good)) << good;
  }
  for (const char* bad : {"", "abc", "asdasd123", "not_valid_url", ".a.com", "http://", "grpc://a.com", "a..com:80",
                          "a.com:123456", "a.com:x", "http://h.com/%zz", "a b.com", "0.0.0.0:80", "http://-a.com"}) {
    EXPECT_FALSE(is_url(bad)) << bad;
  }
}

TEST(Forms, UrlParts) {
  auto parts = split_url("HTTP://u:p@[::1]:8126/a/b?c=d");
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->scheme, "http");
  EXPECT_TRUE(parts->has_user);
  EXPECT_EQ(parts->host, "[::1]");
  EXPECT_EQ(parts->port, "8126");
  EXPECT_EQ(parts->path, "/a/b");
  EXPECT_EQ(parts->query, "c=d");
  EXPECT_EQ(split_url("mailto:x")->opaque, "x");
  EXPECT_EQ(split_url("//a/b")->path, "//a/b");
  for (const char* bad : {"", "a.com", "://a", "http://a:b", "http://a%20b/", "http://a[b/"})
    EXPECT_FALSE(split_url(bad)) << bad;
}

TEST(Forms, Paths) {
  for (const char* good : {"/", "/tmp/a b", "//", "C:\\", "c:\\a\\b.txt"}) EXPECT_TRUE(is_file_path(good)) << good;
  for (const char* bad : {"", "#x", "tmp", "./a", "C:/a", "C:\\a*", "1:\\a"}) EXPECT_FALSE(is_file_path(bad)) << bad;
}

TEST(Forms, NamesAndNetworks) {
  for (const char* good : {"a", "_srv.a-b.c", "a-", "a.b.", "1a"}) EXPECT_TRUE(is_dns_name(good)) << good;
  for (const char* bad : {"", "-a", "a..b", "1.2.3.4", "a b", "."}) EXPECT_FALSE(is_dns_name(bad)) << bad;
  EXPECT_FALSE(is_dns_name(std::string(64, 'a')));
  for (const char* good : {"10.0.0.0/8", "1.2.3.4/32", "::/0", "fd00::/128"}) EXPECT_TRUE(is_cidr(good)) << good;
  for (const char* bad : {"10.0.0.0", "10.0.0.0/33", "::/129", "a/8", "1.2.3.4/", "1.2.3.4/-1"})
    EXPECT_FALSE(is_cidr(bad)) << bad;
}

TEST(Forms, RegularExpressions) {
  for (const char* good : {"", "my_match.*", "a|b", "(?i)a", "(?P<n>x)", "[^]a]", "[a-z\\d-]", "a{2,5}?", "a{,2}",
                           "\\Q(\\E", "\\pL\\p{Greek}", "[[:alpha:]]", "\\x41\\x{1F600}", "a(?i)*", "()"}) {
    EXPECT_TRUE(is_go_regex(good)) << good;
  }
  for (const char* bad : {"())(!(", "(",     ")",       "a(",  "[a", "[z-a]", "*a", "a**",  "a{2}{3}", "a{1001}",
                          "a{3,2}", "(?=a)", "(?P<>x)", "\\y", "\\", "\\1",   "|*", "\\x4", "(?-)",    "\\C"}) {
    EXPECT_FALSE(is_go_regex(bad)) << bad;
  }
}

TEST(Forms, Templates) {
  for (const char* good : {"", "{{ .Name }}.mesh", "{{- .A.B -}}", "{{ label \"k8s.kuma.io/namespace\" }}",
                           "{{/* c */}}", "{{if .A}}{{else if .B}}x{{end}}", "{{range $i, $x := .L}}{{break}}{{end}}",
                           "{{$x := 1}}{{$x}}", "{{ (printf \"%s\" .A) | len }}", "}} { .A"}) {
    EXPECT_EQ(go_template_parse_error(good), "") << good;
  }
  const std::pair<const char*, const char*> bad[] = {
      {"{{ .Name", "unclosed action"},
      {"{{ .Name[4 }}", "bad character U+005B '['"},
      {"{{ name }}", "function \"name\" not defined"},
      {"{{ .Mesh|1 }}", "non executable command in pipeline stage 2"},
      {"{{}}", "missing value for command"},
      {"{{ $x }}", "undefined variable \"$x\""},
      {"{{end}}", "unexpected {{end}}"},
      {"{{if .A}}", "unexpected EOF"},
      {"{{ (.A }}", "unclosed left paren"},
      {"{{ \"a }}", "unterminated quoted string"},
      {"{{/* a", "unclosed comment"},
      {"{{break}}", "{{break}} outside {{range}}"},
      {"{{ 1a }}", "bad number syntax: \"1a\""},
      {"{{ true.A }}", "unexpected . after term \"true\""},
  };
  for (const auto& [text, message] : bad)
    EXPECT_EQ(go_template_parse_error(text), std::string("template: :1: ") + message) << text;
}

/// What Go 1.24's text/template says, run beside.
TEST(Forms, TemplatesOfEveryStatementAndNumber) {
  for (const char* good :
       {"{{define \"a\"}}x{{end}}{{template \"a\" .}}", "{{block \"b\" .A}}y{{end}}", "{{template `a`}}", "{{ 0x1F }}",
        "{{ 0b11 }}", "{{ 0o17 }}", "{{ 1.5e-3 }}", "{{ 0x1p-2 }}", "{{ 1+2i }}", "{{ -3 }}", "{{ `raw` }}",
        "{{ 'c' }}", "{{with .A}}x{{else with .B}}y{{end}}", "{{range .L}}a{{else}}b{{end}}"}) {
    EXPECT_EQ(go_template_parse_error(good), "") << good;
  }
  const std::pair<const char*, const char*> bad[] = {
      {"{{define a}}", "1: unexpected \"a\" in define clause"},
      {"{{define abcdefghijklmnop}}", "1: unexpected \"abcdefghij\"... in define clause"},
      {"{{define if}}", "1: unexpected <if> in define clause"},
      {"{{define \"a\"}}{{else}}{{end}}", "1: unexpected {{else}} in define clause"},
      {"{{block a}}", "1: unexpected \"a\" in block clause"},
      {"{{template 1}}", "1: unexpected \"1\" in template clause"},
      {"{{template \"a\" | 1}}", "1: unexpected \"|\" in template clause"},
      {"{{if}}", "1: missing value for if"},
      {"{{if .A}}{{else}}{{else}}{{end}}", "1: expected end; found {{else}}"},
      {"{{range $i, 1}}{{end}}", "1: range can only initialize variables"},
      {"{{$a, $b := .}}", "1: too many declarations in command"},
      {"{{ $a : 1 }}", "1: undefined variable \"$a\""},
      {"{{ .A ; }}", "1: unexpected \";\" in operand"},
      {"{{ ) }}", "1: unexpected right paren"},
      {"{{ + }}", "1: illegal number syntax: \"+\""},
      {"{{ 1+2 }}", "1: bad number syntax: \"1+2\""},
      {"{{ `a }}", "1: unterminated raw quoted string"},
      {"{{ 'a }}", "1: unterminated character constant"},
      {"{{ \x01 }}", "1: unrecognized character in action: U+0001"},
      {"{{ .A\n.B", "2: unclosed action started at :1"},
      {"{{ .A\n\"b }}", "2: unterminated quoted string in action started at :1"},
  };
  for (const auto& [text, message] : bad)
    EXPECT_EQ(go_template_parse_error(text), std::string("template: :") + message) << text;
  EXPECT_EQ(go_quoted("a\n\t\x01\"\\\x7f"), R"("a\n\t\x01\"\\\x7f")");
}

TEST(Forms, TagsOfKubernetes) {
  EXPECT_EQ(label_key_errors("/a"), std::vector<std::string>{"prefix part must be non-empty"});
  EXPECT_EQ(label_key_errors("a/b/c").size(), 1u);
  EXPECT_TRUE(label_key_errors("A/b").front().starts_with("prefix part a lowercase RFC 1123 subdomain must consist"));
  EXPECT_EQ(label_key_errors("a/").front(), "name part must be non-empty");
  EXPECT_EQ(label_key_errors(std::string(64, 'a')).front(), "name part must be no more than 63 bytes");
  EXPECT_EQ(label_value_errors(std::string(64, 'a')).front(), "must be no more than 63 bytes");
  EXPECT_EQ(dns_1123_subdomain_errors(std::string(254, 'a')).front(), "must be no more than 253 bytes");
  auto said = [](auto rule, std::string_view name) {
    Violations out;
    rule(name, Path("name"), out);
    return out.empty() ? std::string() : out.list().front().message;
  };
  for (auto rule : {&validate_resource_name, &validate_mesh_name}) {
    EXPECT_EQ(said(rule, ""), "cannot be empty");
    EXPECT_EQ(said(rule, std::string(254, 'a')), "value length must less or equal 253");
    EXPECT_TRUE(said(rule, "a b").starts_with("invalid characters."));
    EXPECT_EQ(said(rule, "a.b-c"), "");
  }
  EXPECT_NE(said(validate_resource_name, "a_b"), "");
  EXPECT_EQ(said(validate_mesh_name, "a_b"), "");
}

}  // namespace
}  // namespace kumasim::cp::testing
