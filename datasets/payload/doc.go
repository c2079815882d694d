// Package payload makes what fills the segments of generated connections: bytes
// of the right lengths that the application's dissector accepts, and nothing of the
// training data unless that is asked for.
//
// A [Writer] makes the payloads of one connection, segment by segment, out of a
// [Pool] that all connections share. What one side says until the other answers is a
// [Turn], whose length is known beforehand: a request, a reply, a message. By its
// [Filling] it is composed for the application (Neutral: HTTP, SMTP, DNS, SNMP, NTP,
// IRC, TLS, Google's QUIC, NetBIOS and RIP messages, else text or random bytes), random, zeros, or
// a copy of an [Example]. Composed messages avoid what programs write, so that no 16
// bytes in a row are like any capture's.
//
// [Gather] takes examples out of a capture, and [WriteExamples] and [ReadExamples]
// keep them in a file of their own: they are training data, in the clear.
//
// An application is one row of the table in application.go, and one file if its
// payload is to be dissected.
package payload
