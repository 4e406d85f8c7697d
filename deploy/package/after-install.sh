# After the files are in place. dpkg says: configure [EARLIER VERSION]; rpm: 1, or 2 for an upgrade.
case "$1" in
  configure) earlier=$2 ;;
  1) earlier= ;;
  2) earlier=some ;;
  *) exit 0 ;;
esac

# What the units, and whoever runs duosync by hand as its account, must be able to read.
for path in /etc/duosync /etc/duosync/config.yaml; do
  if [ -z "$earlier" ] && [ "$(stat -c %G "$path")" = root ]; then chgrp duosync "$path"; fi
done
[ -d /etc/duosync/credentials ] || install -d -m 0750 -o root -g duosync /etc/duosync/credentials
[ -d /var/lib/duosync ] || install -d -m 0700 -o duosync -g duosync /var/lib/duosync

# An installation by hand comes before this one wherever it is looked for.
for path in /usr/local/bin/duosync /etc/systemd/system/duosync*.service /etc/systemd/system/duosync*.timer; do
  if [ -f "$path" ] && [ ! -L "$path" ]; then
    echo "duosync: $path, from an installation by hand, comes before what this package brings: remove it. State and configuration can stay." >&2
  fi
done

invoke() {
  if command -v deb-systemd-invoke >/dev/null; then deb-systemd-invoke "$@"; else systemctl "$@"; fi
}
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  if [ -n "$earlier" ]; then
    # The daemon ends its run cleanly, after the call in flight, and goes on from there. A run
    # that a timer started is left to its end.
    invoke try-restart duosync-daemon.service >/dev/null || true
  fi
fi
