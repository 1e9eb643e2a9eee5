#!/usr/bin/env python3
"""Writes the SQL files of migrations/ as one C++ source: OUTPUT FILE..."""
import pathlib
import sys

output, *files = map(pathlib.Path, sys.argv[1:])
numbers = [int(file.name.split("_")[0]) for file in files]
if numbers != list(range(1, len(files) + 1)):
    sys.exit(f"migrations are not numbered 1, 2, 3, ...: {numbers}")
scripts = ",\n".join(f'    R"migration({file.read_text()})migration"' for file in files)
output.write_text(f"""#include "store/migrations.hpp"

namespace ampd::store {{
namespace {{

constexpr const char* scripts[] = {{
{scripts}}};

}}  // namespace

std::span<const char* const> migrations() {{
  return scripts;
}}

}}  // namespace ampd::store
""")
