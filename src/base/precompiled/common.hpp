// Headers that many sources include, compiled once for each target that names this file.
//
// The compiler alone includes it. No source relies on it: each includes what it uses.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>
