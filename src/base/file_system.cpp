#include "base/file_system.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/files.hpp"

namespace ampd::base {
namespace {

struct FileSystem {
  std::uint32_t type;
  std::string_view name;
};

constexpr std::array network_file_systems{
    FileSystem{0x6969, "NFS"},        FileSystem{0x517b, "SMB"},
    FileSystem{0xff534d42, "CIFS"},   FileSystem{0xfe534d42, "SMB2"},
    FileSystem{0x01021997, "9P"},     FileSystem{0x00c36400, "Ceph"},
    FileSystem{0x0bd00bd0, "Lustre"}, FileSystem{0x5346414f, "AFS"},
    FileSystem{0x01161970, "GFS2"},   FileSystem{0x7461636f, "OCFS2"},
    FileSystem{0x47504653, "GPFS"},   FileSystem{0x19830326, "BeeGFS"},
    FileSystem{0x786f4256, "vboxsf"}, FileSystem{0x65735546, "FUSE"},
};

}  // namespace

std::optional<std::string_view> network_file_system(std::uint32_t type) {
  const auto* const found = std::ranges::find(network_file_systems, type, &FileSystem::type);
  if (found == network_file_systems.end()) return std::nullopt;
  return found->name;
}

std::optional<std::string_view> network_file_system(const std::filesystem::path& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) {
    throw_system_error("cannot look at the file system of", folder, errno);
  }
  return network_file_system(static_cast<std::uint32_t>(status.f_type));
}

}  // namespace ampd::base
