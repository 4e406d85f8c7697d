#!/bin/sh
# After the files are gone. The state is lost by a purge alone: without it, every user in Duo is a
# stranger. dpkg says: remove, or purge; rpm knows no purge, and leaves the state.
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" = purge ]; then
  # The account stays, so that its number is nobody else's while files of it are left.
  rm -rf /var/lib/duosync /etc/duosync
fi
