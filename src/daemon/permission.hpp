// Who may do what with the daemon and its jobs.
//
// Whoever can open the socket may look, and may submit jobs of his own. A job is controlled by its
// owner, by root, by the daemon's own user and by the members of the configured admin group. Only
// for its own user does the daemon open the paths that a client names, or run his commands; what
// others want tuned, they upload. Users that the kernel has no number for here (65534) get nothing
// but a look.
#pragma once

#include <sys/types.h>

#include <optional>

#include "daemon/http.hpp"
#include "job/job.hpp"

namespace ampd::daemon {

struct Permission {
  uid_t own_user = 0;  // that the daemon runs as
  std::optional<gid_t> admin_group = {};

  bool is_own(const Peer& peer) const { return peer.user == own_user; }

  /// Throws Error(denied), as the others do.
  void require_known(const Peer& peer) const;
  void require_control(const Peer& peer, uid_t owner) const;
  void require_command(const job::Job& job, const Peer& peer) const;
};

}  // namespace ampd::daemon
