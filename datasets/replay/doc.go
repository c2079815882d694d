// Package replay sends frames out of a network interface at their times, as
// tcpreplay does with a capture, but while the frames are being made.
//
// [Send] paces each frame against the schedule that the first one fixes, so that a
// late frame does not delay the next, and its [Result] says how late frames were:
// on Linux some tens of microseconds. It needs Linux, and root or CAP_NET_RAW. Frames
// that are made in time come from tcp.Ahead.
package replay
