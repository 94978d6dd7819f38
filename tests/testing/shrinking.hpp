/// The least value of a drawn one that still has a property, found as rapidcheck would.
#pragma once

#include <rapidcheck.h>

namespace kumasim::testing {

/// REQUIRES: it holds for the value itself.
template <class T, class Predicate>
T least_with(rc::Shrinkable<T> value, Predicate holds) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (auto shrinks = value.shrinks(); auto next = shrinks.next();) {
      if (!holds(next->value())) continue;
      value = *next;
      smaller = true;
      break;
    }
  }
  return value.value();
}

}  // namespace kumasim::testing
