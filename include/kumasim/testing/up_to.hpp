/// A rapidcheck generator of short lists.
#pragma once

#include <vector>

#include <rapidcheck.h>

namespace kumasim::testing {

/// 0 to `most` of them, each drawn from its full range. Shrinks by dropping some, then by shrinking each.
template <class T>
rc::Gen<std::vector<T>> up_to(int most, rc::Gen<T> one) {
  auto whole = rc::gen::resize(rc::kNominalSize, std::move(one));
  return rc::gen::resize(most, rc::gen::container<std::vector<T>>(std::move(whole)));
}

}  // namespace kumasim::testing
