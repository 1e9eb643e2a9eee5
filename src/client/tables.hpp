// Rows of the views as tables for people.
#pragma once

#include "client/daemon_client.hpp"
#include "terminal/table.hpp"

namespace ampd::client {

terminal::Table jobs_table(const Json& rows);
terminal::Table trials_table(const Json& rows);
terminal::Table ranking_table(const Json& rows);
terminal::Table events_table(const Json& rows);

}  // namespace ampd::client
