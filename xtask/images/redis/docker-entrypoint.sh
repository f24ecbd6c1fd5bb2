#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts redis-server as the official image does: as its own user, in /data, without protected mode.
set -eu

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi
[ "$1" = redis-server ] || exec "$@"
set -- "$@" --protected-mode no

if [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis:redis {} +
  exec setpriv --reuid redis --regid redis --init-groups -- "$@"
fi
exec "$@"
