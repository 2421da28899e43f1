// What the shell scripts of our servants have in common: how they name busybox, and how they answer.

/** Seconds without a tick after which a servant ends by itself: its server is gone, whatever the connection says. */
export const deadManSeconds = 60;

/**
 * The beginning of each. `$1` is the boundary that begins every mark of the output. Every program is busybox's own, by its full path, so that an image
 * cannot put another first.
 */
export const servantPrologue = `
b=/bin/busybox
boundary=$1
mark() { printf '\\n%s %s\\n' "$boundary" "$1"; }
`;
