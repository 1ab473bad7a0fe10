/** The shell that the guard runs in; POSIX puts one there in practice everywhere. */
export const GUARD_SHELL = "/bin/sh";

/** The descriptor on which the guarded process group holds the other end of the host's lifeline. */
export const LIFELINE = 3;

/**
 * Starts a command in place of this shell, and beside it in its process group a watcher that waits for the host's
 * end of the lifeline to close. It closes by itself however the host ends, SIGKILL included: then the group gets
 * SIGTERM and, two seconds later, SIGKILL. The watcher outlives the command, so that what the command has left
 * running ends the same way. The variable that the shell itself adds is taken away; both outputs
 * are one, so that their order is kept.
 */
export const GUARD_SCRIPT = `
exec 2>&1
{
  trap '' TERM INT HUP
  read -r _
  kill -TERM 0
  PATH=/usr/bin:/bin sleep 2
  kill -KILL 0
} <&${LIFELINE} ${LIFELINE}<&- >/dev/null 2>&1 &
exec ${LIFELINE}<&-
unset PWD
exec "$@"
`;
