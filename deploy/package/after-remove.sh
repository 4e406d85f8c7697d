#!/bin/sh
# After the files are gone. The state is lost by a purge alone: without it, every user in Duo is a
# stranger. dpkg says: remove, or purge; rpm knows no purge, and leaves the state.
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" = purge ]; then
  # The account stays, so that its number is nobody else's while files of it are left.
  # A folder may be a link, or a file system of its own, which stays empty.
  for folder in /var/lib/duosync /etc/duosync; do
    if [ -d "$folder" ]; then find "$folder/" -mindepth 1 -delete; fi
    if [ -L "$folder" ]; then rm -f "$folder"; elif [ -d "$folder" ]; then rmdir "$folder" 2>/dev/null || true; fi
  done
fi
