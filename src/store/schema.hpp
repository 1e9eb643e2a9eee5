// Whether tables, indexes and views are those that the migrations make: SQLite itself takes any
// text that it can parse for a schema, so a damaged name would only be noticed by who asks for it.
//
// What others have added is no damage, and triggers only guard against changes by hand.
#pragma once

#include "store/database.hpp"

namespace ampd::store {

/// Throws Error(corrupt) naming what is missing or changed.
void check_schema(const Database& database);

}  // namespace ampd::store
