#!/bin/sh
# Before the files go. dpkg says: remove, or upgrade; rpm: 0, or 1 for an upgrade.
set -e
case "$1" in
  remove | 0) ;;
  *) exit 0 ;;
esac
if command -v systemctl >/dev/null; then
  if [ -d /run/systemd/system ]; then
    systemctl stop duosync.timer 'duosync@*.timer' || true
    # A run ends cleanly, after the call in flight.
    systemctl stop duosync-daemon.service duosync.service 'duosync@*.service' || true
  fi
  # Nothing is left that would start what is gone.
  systemctl --quiet disable duosync.timer duosync-daemon.service duosync@.timer || true
fi
