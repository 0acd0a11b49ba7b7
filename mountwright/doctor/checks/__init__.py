"""Every check of the preflight, one concept a file, in the order in which their findings are shown."""

from __future__ import annotations

from mountwright.doctor.checks import (
    clock,
    disk,
    distribution,
    exports,
    identity,
    modules,
    mount_helper,
    owners,
    package_manager,
    ports,
    server,
)

CHECKS = (
    # First in the program: the answer's time is compared with the operator's clock.
    clock.CHECK,
    distribution.CHECK,
    identity.CHECK,
    package_manager.CHECK,
    disk.CHECK,
    mount_helper.CHECK,
    modules.CHECK,
    server.CHECK,
    exports.CHECK,
    owners.CHECK,
    ports.CHECK,
)
