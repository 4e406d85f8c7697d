#!/bin/sh
# Makes the account that duosync runs as, and nothing where it is there.
set -e
if ! getent passwd duosync >/dev/null; then
  getent group duosync >/dev/null || groupadd --system duosync
  useradd --system --gid duosync --home-dir /var/lib/duosync --no-create-home \
    --shell /usr/sbin/nologin --comment "Duo directory sync" duosync
fi
