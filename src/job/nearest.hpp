// The known word that an unknown one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ampd::job {

/// Typing errors between two words: letters added, left out, replaced or swapped with the next.
/// Source: the restricted Damerau-Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that is near enough to be suggested, ignoring case; empty if none is.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace ampd::job
