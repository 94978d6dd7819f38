/// Answers of the REST API: JSON bodies, and problems in the form of RFC 7807 with Kuma's older fields beside it.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/transport/http.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/codec.hpp"

namespace kumasim::cp {

HttpResponse json_answer(int status, const nlohmann::json& body);
HttpResponse text_answer(int status, std::string body);

/// `{type, title, status, detail, invalid_parameters, ...}`.
HttpResponse problem(int status, std::string title, std::string detail, const Violations& violations = {});

/// A body that is no resource of its kind.
HttpResponse problem(const DecodeError& error, std::string title);
/// A write that the rules refused, or a failure of the store.
HttpResponse problem(const Refusal& refusal, std::string title);
HttpResponse problem(const Error& error, std::string title);
/// 500, whose body says nothing of the error; its `cause` does.
HttpResponse internal_problem(const Error& error, std::string title);

HttpResponse page_not_found();
/// A body that is no JSON (415), or a client that takes none (406).
std::optional<HttpResponse> refuse_representation(const HttpRequest& request);
/// `allow` as Kuma lists the methods: "PUT, DELETE, GET".
HttpResponse method_not_allowed(const std::string& method, std::string allow);

}  // namespace kumasim::cp
