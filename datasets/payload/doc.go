// Package payload makes what fills the segments of generated connections: bytes
// of the right lengths that the application's dissector accepts, and nothing of the
// training data unless that is asked for.
//
// A [Writer] makes the payloads of one connection, segment by segment, out of a
// [Pool] that all connections share. What one side says until the other answers is a
// [Turn], whose length is known beforehand: a request, a reply, a message. By its
// [Filling] it is composed for the application (Neutral: HTTP, SMTP, DNS, SNMP, NTP,
// IRC, TLS, Google's QUIC, NetBIOS and RIP messages, else text or random bytes), random, zeros, or
// a copy of an [Example].
//
// Composed messages use the words of their protocol, as every program does, and invented
// names: paths, hosts, programs, domains, mailboxes. Domains are under .test and .example,
// which RFC 2606 reserves. How many names there are, how long they are and how often each
// recurs is that of the training data where [Learn] has counted it ([Statistics]), and
// else assumed; the names themselves are not kept. A client has programs and a server has
// names of its own. Because lengths are given, a name is chosen among those that fill what
// is left of its message.
//
// [Gather] takes examples out of a capture, and [WriteExamples] and [ReadExamples]
// keep them in a file of their own: they are training data, in the clear.
//
// An application is one row of the table in application.go, and one file if its
// payload is to be dissected.
package payload
