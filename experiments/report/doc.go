// Package report says what a run has come to, for people: from the files of a run folder,
// and from nothing else.
//
//	Load            the run's scores, losses, tables of packets and latent space
//	VerdictOf       the scores of one application in words
//	Scores          the scores as a table, each beside its floor and graded
//	Write           the whole report as one HTML page, WriteMarkdown the same as Markdown
//	Data.Figure     one of its figures, WriteFigures all of them as SVG, PNG or PDF
//	Curves          the losses of a training, with the epoch whose parameters are kept
//
// A report begins with the verdict, then has one table of all scores in the order of
// [fidelity.Definitions], figures, the method, and how the run was made. What is missing or
// has another digest than the manifest says is named, and the rest is shown. The page
// refers to nothing outside and runs no script; it is read on screens from 400 pixels on,
// light or dark, and prints in two columns on eight sheets at most.
package report
