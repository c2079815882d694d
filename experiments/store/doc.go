// Package store keeps what stages have made, by the digest of everything that
// decides it, so that no stage is computed twice:
//
//	<folder>/<stage>/<key>/
//	  .record.json     the key's preimage, when and how long it took, notes, doubts, and a digest of every file
//	  .metrics.jsonl   {"metric":"vae/loss","step":3,"value":1.2}, one a line
//	  model/vae/...    the artifacts, under the names that they have in a run folder
//
//	Store   the folder
//	Entry   what one stage has made
//	Claim   the right to make an entry, which a process loses when it ends
//
// An entry is written into <key>.partial beside its place and renamed when it is
// whole. Its files are read-only, since run folders hold hard links to them, and
// are digested again when they are taken out: a damaged entry is made again. The
// model is the Go command's build cache (cmd/go/internal/cache).
package store
